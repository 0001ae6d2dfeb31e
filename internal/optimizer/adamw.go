package optimizer

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// adamw is AdamW (Loshchilov & Hutter, arXiv:1711.05101) as torch computes it: decay first, then
// p -= lr/c1 · m / (sqrt(v)/sqrt(c2) + eps).
type adamw struct{ Config }

func (adamw) keeps(_ string, dims []int) []slot { return floats(dims, "mean", "square") }

func (o adamw) scalars(lr, decay float32, step int) []float32 {
	n := float64(step)
	c1, c2 := float32(1-math.Pow(o.Beta1, n)), float32(1-math.Pow(o.Beta2, n))
	return []float32{lr / c1, float32(math.Sqrt(float64(c2))), keep(lr, decay)}
}

func (o adamw) move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node) {
	rate, root, decay := scalars[0], scalars[1], scalars[2]
	mean := graph.Add(kept[0], graph.MulScalar(graph.Sub(g, kept[0]), 1-o.Beta1))
	square := graph.Add(graph.MulScalar(kept[1], o.Beta2), graph.MulScalar(graph.Square(g), 1-o.Beta2))
	denominator := graph.AddScalar(graph.Div(graph.Sqrt(square), root), o.Eps)
	w = graph.Sub(graph.Mul(w, decay), graph.Mul(rate, graph.Div(mean, denominator)))
	return w, []*graph.Node{mean, square}
}
