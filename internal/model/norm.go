package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// rmsNorm scales x to unit mean square over its last axis and multiplies by the weight (1 + weight for Gemma).
func (m *Model) rmsNorm(s *Scope, name string, x *graph.Node) *graph.Node {
	w := f32(s.Param(name))
	if m.Config.NormPlusOne {
		w = graph.OnePlus(w)
	}
	y := f32(x)
	mean := graph.ReduceAndKeep(graph.Square(y), graph.ReduceMean, -1)
	// Divided by a root: GoMLX has no gradient for Rsqrt.
	y = graph.Div(y, graph.Sqrt(graph.AddScalar(mean, m.Config.Eps)))
	return as(graph.Mul(y, graph.ExpandLeftToRank(w, x.Rank())), x)
}

// layerNorm applies the norm of one of a layer's places, where the family has one there.
func (m *Model) layerNorm(s *Scope, layer int, name string, x *graph.Node) *graph.Node {
	if name == "" {
		return x
	}
	return m.rmsNorm(s, layerName(layer, name+".weight"), x)
}
