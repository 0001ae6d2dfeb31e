package optimizer

import (
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// adafactor is Adafactor (Shazeer & Stern, arXiv:1804.04235) as transformers' Trainer sets it up: the rate is the schedule's
// (scale_parameter and relative_step are off), no first moment. Of a matrix it keeps the mean squares of rows and columns.
type adafactor struct{}

// Constants of transformers' Adafactor: eps[0], clip_threshold, decay_rate.
const (
	adafactorEps   = 1e-30
	adafactorClip  = 1.0
	adafactorDecay = -0.8
)

func (adafactor) keeps(_ string, dims []int) []slot {
	if len(dims) < 2 {
		return floats(dims, "square")
	}
	n := len(dims)
	columns := append(slices.Clone(dims[:n-2]), dims[n-1])
	return append(floats(dims[:n-1], "row"), floats(columns, "column")...)
}

func (adafactor) scalars(lr, decay float32, step int) []float32 {
	beta := 1 - math.Pow(float64(step), adafactorDecay)
	return []float32{lr, float32(beta), float32(1 - beta), keep(lr, decay)}
}

func (adafactor) move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node) {
	lr, beta, rest, decay := scalars[0], scalars[1], scalars[2], scalars[3]
	square := graph.AddScalar(graph.Square(g), adafactorEps)
	mix := func(old, new *graph.Node) *graph.Node { return graph.Add(graph.Mul(old, beta), graph.Mul(new, rest)) }
	var update *graph.Node
	if len(kept) == 1 {
		kept = []*graph.Node{mix(kept[0], square)}
		update = graph.Div(g, graph.Sqrt(kept[0]))
	} else {
		row, column := mix(kept[0], graph.ReduceMean(square, -1)), mix(kept[1], graph.ReduceMean(square, -2))
		kept = []*graph.Node{row, column}
		r := graph.Sqrt(graph.Div(row, graph.ReduceAndKeep(row, graph.ReduceMean, -1)))
		update = graph.Div(graph.Div(g, graph.ExpandAxes(r, -1)), graph.ExpandAxes(graph.Sqrt(column), -2))
	}
	rms := graph.Sqrt(graph.ReduceAllMean(graph.Square(update)))
	update = graph.Div(update, graph.MaxScalar(graph.DivScalar(rms, adafactorClip), 1))
	return graph.Sub(graph.Mul(w, decay), graph.Mul(update, lr)), kept
}
