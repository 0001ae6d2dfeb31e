package optimizer

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// gradientNorm: inputs are 1/count and the gradient sums. Outputs: the gradient's global norm and the factor that clips it,
// torch's min(1, max/(norm + 1e-6)).
func (o *Optimizer) gradientNorm(in []*graph.Node) []*graph.Node {
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
	if o.config.Clip > 0 {
		clip = graph.Min(clip, graph.Div(graph.Scalar(norm.Graph(), dtypes.Float32, o.config.Clip), graph.AddScalar(norm, 1e-6)))
	}
	return []*graph.Node{norm, clip}
}

// move: inputs are 1/count, the clip factor, the weights' scalars [weights, scalars], then all weights, all gradient sums
// and what is kept of each weight. Outputs: the weights, and what is kept.
func (o *Optimizer) move(in []*graph.Node, slots [][]slot) []*graph.Node {
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
		w, k := o.rule.move(weights[i], g, scalars, kept[:len(s)])
		kept = kept[len(s):]
		moved, remembered = append(moved, w), append(remembered, k...)
	}
	return append(moved, remembered...)
}
