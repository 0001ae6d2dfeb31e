package quant

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Node dequantises codes [blocks, 256] by the absmax [blocks] of their blocks: float32 [blocks, 256].
func (m *Map8) Node(codes, absmax *graph.Node) *graph.Node {
	return graph.Mul(look(graph.Const(codes.Graph(), m[:]), codes), graph.ExpandAxes(absmax, -1))
}

// Codes quantises float32 x [blocks, 256] as Quantise does: codes [blocks, 256] and absmax [blocks].
func (m *Map8) Codes(x *graph.Node) (codes, absmax *graph.Node) {
	g := x.Graph()
	absmax = graph.ReduceMax(graph.Abs(x), -1)
	zero := graph.ScalarZero(g, dtypes.Float32)
	divisor := graph.Where(graph.GreaterThan(absmax, zero), absmax, graph.OnesLike(absmax))
	x = graph.Div(x, graph.ExpandAxes(divisor, -1))
	// How many midpoints lie below x, by halves: eight steps for 255 of them.
	bounds := graph.Const(g, m.bounds())
	at := graph.Zeros(g, x.Shape().Clone())
	at = graph.ConvertDType(at, dtypes.Int32)
	for step := int32(128); step > 0; step /= 2 {
		bound := graph.Gather(bounds, graph.ExpandAxes(graph.AddScalar(at, float64(step-1)), -1))
		at = graph.Add(at, graph.MulScalar(graph.ConvertDType(graph.GreaterThan(x, bound), dtypes.Int32), float64(step)))
	}
	return graph.ConvertDType(at, dtypes.Uint8), absmax
}

// bounds are the midpoints between neighbours.
func (m *Map8) bounds() []float32 {
	b := make([]float32, len(m)-1)
	for i := range b {
		b[i] = (m[i] + m[i+1]) / 2
	}
	return b
}
