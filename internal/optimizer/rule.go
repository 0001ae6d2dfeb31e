package optimizer

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

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
