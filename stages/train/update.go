package train

import (
	"fmt"
	"regexp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// update is the optimizer's step. Weights move in groups: all at once, or with a paged state layer by layer. The norm comes
// first, in a graph of its own: a step that is not finite changes nothing.
type update struct {
	opt    Optimizer
	rule   rule
	norm   *graph.Exec
	groups []group
	execs  map[string]*graph.Exec // by what is kept of a group: layers share one
}

// group is the weights [from, to).
type group struct {
	from, to int
	exec     *graph.Exec
}

func (p *program) newUpdate(slots [][]slot) (*update, error) {
	u := &update{opt: p.opt, rule: p.opt.rule(), execs: map[string]*graph.Exec{}}
	var err error
	if u.norm, err = graph.NewExec(p.backend, u.gradientNorm); err != nil {
		return nil, fmt.Errorf("optimizer: %w", err)
	}
	for at := 0; at < len(p.trainable); {
		g := group{from: at, to: u.end(p.trainable, at)}
		slots := slots[g.from:g.to]
		sign := fmt.Sprint(slots)
		if g.exec = u.execs[sign]; g.exec == nil {
			if g.exec, err = graph.NewExec(p.backend, func(in []*graph.Node) []*graph.Node { return u.move(in, slots) }); err != nil {
				return nil, fmt.Errorf("optimizer: %w", err)
			}
			u.execs[sign] = g.exec.SetMaxCache(-1)
		}
		u.groups = append(u.groups, g)
		at = g.to
	}
	return u, nil
}

var layerOf = regexp.MustCompile(`^.*\.layers\.\d+\.`)

// end is where the group that starts at a weight ends.
func (u *update) end(names []string, from int) int {
	if !u.opt.Paged {
		return len(names)
	}
	to := from + 1
	for layer := layerOf.FindString(names[from]); layer != "" && to < len(names) && layerOf.FindString(names[to]) == layer; to++ {
	}
	return to
}

// gradientNorm: inputs are 1/tokens and the gradient sums. Outputs: the gradient's global norm and the factor that clips it,
// torch's min(1, max/(norm + 1e-6)).
func (u *update) gradientNorm(in []*graph.Node) []*graph.Node {
	inverse, sums := in[0], in[1:]
	var norm2 *graph.Node
	for _, sum := range sums {
		s := graph.ReduceAllSum(graph.Square(graph.Mul(sum, inverse)))
		if norm2 == nil {
			norm2 = s
		} else {
			norm2 = graph.Add(norm2, s)
		}
	}
	norm := graph.Sqrt(norm2)
	clip := graph.ScalarOne(norm.Graph(), dtypes.Float32)
	if u.opt.Clip > 0 {
		clip = graph.Min(clip, graph.Div(graph.Scalar(norm.Graph(), dtypes.Float32, u.opt.Clip), graph.AddScalar(norm, 1e-6)))
	}
	return []*graph.Node{norm, clip}
}

// move: inputs are 1/tokens, the clip factor, the weights' scalars [weights, scalars], then all weights, all gradient sums
// and what is kept of each weight. Outputs: the weights, and what is kept.
func (u *update) move(in []*graph.Node, slots [][]slot) []*graph.Node {
	inverse, clip, numbers := in[0], in[1], in[2]
	in = in[3:]
	n := len(slots)
	weights, sums, kept := in[:n], in[n:2*n], in[2*n:]
	var moved, remembered []*graph.Node
	for i, s := range slots {
		var scalars []*graph.Node
		for k := range numbers.Shape().Dim(1) {
			scalars = append(scalars, graph.Reshape(graph.Slice(numbers, graph.AxisElem(i), graph.AxisElem(k))))
		}
		g := graph.Mul(graph.Mul(sums[i], inverse), clip)
		w, k := u.rule.move(weights[i], g, scalars, kept[:len(s)])
		kept = kept[len(s):]
		moved, remembered = append(moved, w), append(remembered, k...)
	}
	return append(moved, remembered...)
}

// numbers are the scalars of a group's weights, [weights, scalars], in the step after `done` ones.
func (p *program) numbers(g group, lr float64, done int) *tensors.Tensor {
	var flat []float32
	for i := g.from; i < g.to; i++ {
		rate, decay := float32(lr), float32(0)
		if p.rates != nil && p.rates[i] != 1 {
			rate *= float32(p.rates[i])
		}
		if p.decays[i] {
			decay = float32(p.opt.WeightDecay)
		}
		flat = append(flat, p.update.rule.scalars(rate, decay, done+1)...)
	}
	return tensors.FromFlatDataAndDimensions(flat, g.to-g.from, len(flat)/(g.to-g.from))
}

func (u *update) close() {
	if u == nil {
		return
	}
	u.norm.Finalize()
	for _, e := range u.execs {
		e.Finalize()
	}
}
