package target

import "fmt"

// Program is one that runs on a device, and what lies in the device's memory beside it while it does.
type Program struct {
	Name    string
	Beside  int64        // bytes
	Compile func() error // on the backend that it was made for
}

// Memory is what a compiled program needs on the device, in bytes.
type Memory struct {
	Arguments   int64 `json:"arguments"`
	Outputs     int64 `json:"outputs"`
	Temporaries int64 `json:"temporaries"`
	Code        int64 `json:"code"`
	Peak        int64 `json:"peak"` // the most at any moment, arguments and outputs included
}

// Need is what a program needs.
type Need struct {
	Name string `json:"name"`
	Memory
	Beside int64 `json:"beside"`      // what else the device holds then
	CuDNN  int   `json:"cudnn_calls"` // fused attention, forward and backward
}

// Total is the device memory in use at the program's worst moment.
func (n Need) Total() int64 { return n.Peak + n.Beside }

// Needs are those of the programs of one job, which run one after the other.
type Needs []Need

// Total is the worst of them.
func (all Needs) Total() (most int64) {
	for _, n := range all {
		most = max(most, n.Total())
	}
	return most
}

// Scale gives the needs at `at` layers from those at `few` and at `more` layers, all of the same width: both grow by the
// same amount with every layer.
func Scale(few, more Needs, fewLayers, moreLayers, at int) (Needs, error) {
	if len(few) != len(more) || fewLayers >= moreLayers {
		return nil, fmt.Errorf("scale needs of %d and %d layers: they differ", fewLayers, moreLayers)
	}
	line := func(a, b int64) int64 { return a + (b-a)*int64(at-fewLayers)/int64(moreLayers-fewLayers) }
	scaled := make(Needs, len(few))
	for i, a := range few {
		b := more[i]
		scaled[i] = Need{Name: a.Name, Beside: line(a.Beside, b.Beside), CuDNN: int(line(int64(a.CuDNN), int64(b.CuDNN))), Memory: Memory{
			Arguments: line(a.Arguments, b.Arguments), Outputs: line(a.Outputs, b.Outputs), Temporaries: line(a.Temporaries, b.Temporaries),
			Code: line(a.Code, b.Code), Peak: line(a.Peak, b.Peak),
		}}
	}
	return scaled, nil
}
