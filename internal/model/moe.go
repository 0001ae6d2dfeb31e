package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// experts runs every expert on every token and weights their outputs, zero for those not chosen: right for any backend,
// and cheap only for few experts. linears: the router, then gate, up and down of each expert.
func (m *Model) experts(s *Scope, linears []Linear, x *graph.Node) *graph.Node {
	moe := m.Config.MoE
	share := graph.Softmax(f32(linear(s, linears[0], x)), -1) // [rows, experts]
	chosen := graph.ConvertDType(graph.StopGradient(graph.TopKMask(share, moe.PerToken, -1)), share.DType())
	share = graph.Mul(share, chosen)
	if moe.Normalize {
		share = graph.Div(share, graph.ReduceAndKeep(share, graph.ReduceSum, -1))
	}
	var sum *graph.Node
	for e := range moe.Experts {
		y := graph.Mul(m.mlp(s, linears[1+3*e:4+3*e], x), as(slice(share, 1, e, e+1), x))
		if sum == nil {
			sum = y
		} else {
			sum = graph.Add(sum, y)
		}
	}
	return sum
}
