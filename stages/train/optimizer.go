package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Optimizer holds the settings of the update, with torch's defaults for AdamW.
type Optimizer struct {
	Name        string  `json:"name" check:"oneof=adamw|adamw8bit|adafactor|lion|sgd" jsonschema:"adamw: torch's; adamw8bit: its state in 8 bits, as bitsandbytes; adafactor: transformers', state of rows and columns alone; lion: one moment; sgd: with momentum beta1"`
	LR          float64 `json:"lr" check:"min=0" jsonschema:"highest learning rate"`
	Beta1       float64 `json:"beta1" check:"min=0,max=1" jsonschema:"decay of the mean (sgd: its momentum; adafactor has none)"`
	Beta2       float64 `json:"beta2" check:"min=0,max=1" jsonschema:"decay of the mean square (lion: of the mean; its paper takes 0.99)"`
	Eps         float64 `json:"eps" check:"min=0" jsonschema:"added to the root of the mean square (adamw, adamw8bit)"`
	WeightDecay float64 `json:"weight_decay" check:"min=0" jsonschema:"decay of matrices, not of norms and biases"`
	Clip        float64 `json:"clip" check:"min=0" jsonschema:"largest global gradient norm (0 = any)"`
	Paged       bool    `json:"paged" key:"-" jsonschema:"keep the optimizer's state in the host's memory and bring it to the device layer by layer: same bytes, less device memory, slower"`
}

// unread are settings that an optimizer does not read; they stay as they are by default.
var unread = map[string][]string{"adafactor": {"beta1", "beta2", "eps"}, "lion": {"eps"}, "sgd": {"beta2", "eps"}}

// Check refuses settings that the optimizer would not read.
func (o Optimizer) Check(fault func(field, want string)) {
	usual := defaults().Optimizer
	changed := map[string]bool{"beta1": o.Beta1 != usual.Beta1, "beta2": o.Beta2 != usual.Beta2, "eps": o.Eps != usual.Eps}
	for _, field := range unread[o.Name] {
		if changed[field] {
			fault(field, fmt.Sprintf("left out: %s does not read it", o.Name))
		}
	}
}

// rule is how an optimizer moves one weight. Its numbers that change from step to step come in as scalars, so that one graph
// serves all steps, and all weights of one shape.
type rule interface {
	// keeps lists what it remembers of a weight.
	keeps(weight string, dims []int) []slot
	// scalars are the numbers of step number `step` (from 1), always as many, for a weight that learns at rate lr.
	scalars(lr, decay float32, step int) []float32
	// move gives the weight after a step by gradient g, and what is remembered then.
	move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node)
}

// rule of the settings; no name is AdamW.
func (o Optimizer) rule() rule {
	switch o.Name {
	case "adamw8bit":
		return adamw8bit{o}
	case "adafactor":
		return adafactor{}
	case "lion":
		return lion{o}
	case "sgd":
		return sgd{o}
	}
	return adamw{o}
}

// slot is a tensor that an optimizer keeps of a weight; it starts as zeros.
type slot struct {
	name  string
	dtype dtypes.DType
	dims  []int
}

func (s slot) shape() shapes.Shape { return shapes.Make(s.dtype, s.dims...) }

// floats are slots of a weight's own shape.
func floats(dims []int, names ...string) (slots []slot) {
	for _, name := range names {
		slots = append(slots, slot{name, dtypes.Float32, slices.Clone(dims)})
	}
	return slots
}

// keep is the factor of decoupled weight decay.
func keep(lr, decay float32) float32 { return 1 - lr*decay }
