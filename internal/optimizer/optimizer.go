package optimizer

import (
	"fmt"
	"regexp"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Weight is what an optimizer knows of a weight that it moves.
type Weight struct {
	Name   string
	Dims   []int
	Decays bool    // whether weight decay applies
	Rate   float64 // factor on the learning rate
}

// Shape is that of the weight in a graph.
func (w Weight) Shape() shapes.Shape { return shapes.Make(dtypes.Float32, w.Dims...) }

// Optimizer moves weights. They go in groups: all at once, or with a paged state layer by layer. The norm comes first, in a graph
// of its own: a step that is not finite changes nothing.
type Optimizer struct {
	config  Config
	rule    rule
	weights []Weight
	slots   [][]slot // what is kept of each weight
	norm    *graph.Exec
	groups  []group
	execs   map[string]*graph.Exec // by what is kept of a group: layers share one
}

// group is the weights [from, to).
type group struct {
	from, to int
	exec     *graph.Exec
}

// Outline is an optimizer that has sizes and no graphs.
func Outline(c Config, weights []Weight) *Optimizer {
	o := &Optimizer{config: c, rule: c.rule(), weights: weights, execs: map[string]*graph.Exec{}}
	for _, w := range weights {
		o.slots = append(o.slots, o.rule.keeps(w.Name, w.Dims))
	}
	for at := 0; at < len(weights); {
		g := group{from: at, to: o.end(at)}
		o.groups = append(o.groups, g)
		at = g.to
	}
	return o
}

// New makes an optimizer. Nothing is compiled or held before the first step.
func New(c Config, weights []Weight, b compute.Backend) (*Optimizer, error) {
	o := Outline(c, weights)
	var err error
	if o.norm, err = graph.NewExec(b, o.gradientNorm); err != nil {
		return nil, fmt.Errorf("optimizer: %w", err)
	}
	for i, g := range o.groups {
		slots := o.slots[g.from:g.to]
		sign := fmt.Sprint(slots)
		if g.exec = o.execs[sign]; g.exec == nil {
			if g.exec, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return o.move(in, slots) }); err != nil {
				return nil, fmt.Errorf("optimizer: %w", err)
			}
			o.execs[sign] = g.exec.SetMaxCache(-1)
		}
		o.groups[i] = g
	}
	return o, nil
}

var layerOf = regexp.MustCompile(`^.*\.layers\.\d+\.`)

// end is where the group that starts at a weight ends.
func (o *Optimizer) end(from int) int {
	if !o.config.Paged {
		return len(o.weights)
	}
	to := from + 1
	for layer := layerOf.FindString(o.weights[from].Name); layer != "" && to < len(o.weights) && layerOf.FindString(o.weights[to].Name) == layer; to++ {
	}
	return to
}

// Compile makes the programs of a step.
func (o *Optimizer) Compile() error {
	if _, err := o.norm.Compile(append([]shapes.Shape{shapes.Make(dtypes.Float32)}, o.weightShapes(group{to: len(o.weights)})...)...); err != nil {
		return fmt.Errorf("compile gradient norm: %w", err)
	}
	for _, g := range o.groups {
		if _, err := g.exec.Compile(o.inputShapes(g)...); err != nil {
			return fmt.Errorf("compile update: %w", err)
		}
	}
	return nil
}

// Begin gives what is remembered of each weight before the first step.
func (o *Optimizer) Begin() [][]*tensors.Tensor {
	state := make([][]*tensors.Tensor, len(o.slots))
	for i, slots := range o.slots {
		for _, s := range slots {
			state[i] = append(state[i], tensors.FromShape(s.shape()))
		}
	}
	return state
}

// Kept names what is remembered of each weight.
func (o *Optimizer) Kept() [][]string {
	names := make([][]string, len(o.slots))
	for i, slots := range o.slots {
		for _, s := range slots {
			names[i] = append(names[i], s.name)
		}
	}
	return names
}

// Bytes is the size of what is remembered.
func (o *Optimizer) Bytes() int64 { return sizeOf(o.keptShapes(0, len(o.slots))) }

// Resident is how much of it lies on the device between two steps.
func (o *Optimizer) Resident() int64 {
	if o.config.Paged {
		return 0
	}
	return o.Bytes()
}

// Close frees the compiled graphs.
func (o *Optimizer) Close() {
	o.norm.Finalize()
	for _, e := range o.execs {
		e.Finalize()
	}
}
