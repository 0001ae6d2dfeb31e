package optimizer

import "github.com/gomlx/gomlx/core/graph"

// sgd is torch's: decay is added to the gradient, beta1 is the momentum, m = beta1 m + g, p -= lr · m.
type sgd struct{ Config }

func (o sgd) keeps(_ string, dims []int) []slot {
	if o.Beta1 == 0 {
		return nil
	}
	return floats(dims, "mean")
}

func (sgd) scalars(lr, decay float32, _ int) []float32 { return []float32{lr, decay} }

func (o sgd) move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node) {
	g = graph.Add(g, graph.Mul(w, scalars[1]))
	if o.Beta1 > 0 {
		g = graph.Add(graph.MulScalar(kept[0], o.Beta1), g)
		kept = []*graph.Node{g}
	}
	return graph.Sub(w, graph.Mul(g, scalars[0])), kept
}
