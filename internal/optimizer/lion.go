package optimizer

import "github.com/gomlx/gomlx/core/graph"

// lion moves by the sign of a mix of mean and gradient (Chen et al. 2023, arXiv:2302.06675, algorithm 2): decay first, then
// p -= lr · sign(beta1 m + (1-beta1) g), and only then m = beta2 m + (1-beta2) g. Its paper takes a rate 3 to 10 times
// smaller and a decay as much greater than AdamW's.
type lion struct{ Config }

func (lion) keeps(_ string, dims []int) []slot { return floats(dims, "mean") }

func (lion) scalars(lr, decay float32, _ int) []float32 { return []float32{lr, keep(lr, decay)} }

func (o lion) move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node) {
	mix := func(beta float64) *graph.Node {
		return graph.Add(graph.MulScalar(kept[0], beta), graph.MulScalar(g, 1-beta))
	}
	w = graph.Sub(graph.Mul(w, scalars[1]), graph.Mul(scalars[0], graph.Sign(mix(o.Beta1))))
	return w, []*graph.Node{mix(o.Beta2)}
}
