package train

import (
	"fmt"

	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/optimizer"
	"fettle/internal/safetensors"
	"fettle/schemas"
)

// needs is what a training takes of the memory that it computes in, in bytes.
type needs struct {
	base    int64 // weights that do not train
	trained int64 // those that do; the sums of their gradients take as much
	kept    int64 // by the optimizer
	fresh   int64 // of weights and of what is kept, while the old ones are there still
	work    int64 // of a micro-batch, besides
}

// likely is the estimate: a micro-batch or the optimizer's step, whichever takes more.
func (n needs) likely() int64 { return n.still() + max(n.work, n.fresh) }

// still is what is there all the time.
func (n needs) still() int64 { return n.base + 2*n.trained + n.kept }

// least is what no training of these settings does without: the estimate of a micro-batch is up to a third too high (docs/memory.md).
func (n needs) least() int64 { return n.still() + n.work*3/5 }

// ask is what the needs of a training are found out from, without a weight of it.
type ask struct {
	model   *model.Model
	file    *safetensors.File // its weights; nil: they are drawn
	from    string            // folder of the adapter to start from; "" = a new one
	data    *data
	backend string // its name
	shared  bool   // what is paged out lies in the same memory
	devices int    // whose memory is one
}

// needs are those of some settings, for blocks of a length.
func (a ask) needs(s Settings, length int) (needs, error) {
	width := s.computing(a.backend).Size()
	var n needs
	var packed int
	moving := wholeModel(a.model)
	if s.Mode == "lora" {
		adapter, err := a.adapter(s)
		if err != nil {
			return n, err
		}
		moving = adapted(adapter, s.Optimizer.LR)
		if a.file != nil {
			n.base, packed = s.Quant.Weigh(a.file, a.model, width)
		}
	}
	for _, w := range moving {
		n.trained += int64(w.Shape().ByteSize())
	}
	o := optimizer.Outline(s.Optimizer, moving)
	if n.kept, n.fresh = o.Bytes(), o.Fresh(); !a.shared {
		n.kept = o.Resident()
	}
	large := a.backend == "xla:cuda"
	n.work = a.model.Footprint(model.Training{Rows: s.Batch.Rows, Length: length, Losses: s.Batch.Rows * a.data.mostTrained(s, length), Width: width,
		Remat: s.recomputes(a.model, length, s.computing(a.backend), large), Packed: packed > 0, Full: s.Mode != "lora", Large: large}).Total()
	if d := int64(a.devices); d > 1 { // each with a copy of the weights; the optimizer works on the first
		n.base, n.trained, n.work = d*n.base, d*n.trained, d*n.work
	}
	return n, nil
}

func (a ask) adapter(s Settings) (*lora.Adapter, error) {
	if a.from != "" {
		return lora.ReadConfig(a.from, a.model)
	}
	return lora.Outline(a.model, s.LoRA)
}

// mostTrained is the greatest number of positions with a loss in a block of a length.
func (d *data) mostTrained(s Settings, length int) (most int) {
	if s.Objective.Name != "sft" {
		return length
	}
	for _, b := range d.blocks {
		n := 0
		for _, l := range b.labels {
			if l != schemas.Untrained {
				n++
			}
		}
		most = max(most, n)
	}
	return max(1, min(most, length))
}

// amount writes bytes for people.
func amount(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.3g MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
