package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// attention projects q, k and v of a layer, attends and projects back: x [batch·seq, hidden] -> the same.
func (m *Model) attention(s *Scope, layer, batch int, x *graph.Node, attend attender) *graph.Node {
	c := m.Config
	linears := m.attnLinears(layer)
	var q, k, v *graph.Node
	if c.FusedQKV {
		parts := split(linear(s, linears[0], x), linears[0].Parts)
		q, k, v = attend.queries(layer, parts[0]), parts[1], parts[2]
	} else {
		q, k, v = linear(s, linears[0], attend.queries(layer, x)), linear(s, linears[1], x), linear(s, linears[2], x)
	}
	if c.QKNorm == FullQKNorm {
		q, k = m.qkNorm(s, layer, q, k)
	}
	q, k, v = m.heads(q, batch), m.heads(k, batch), m.heads(v, batch)
	if c.QKNorm == HeadQKNorm {
		q, k = m.qkNorm(s, layer, q, k)
	}
	return linear(s, linears[len(linears)-1], attend.layer(layer, q, k, v))
}

func (m *Model) qkNorm(s *Scope, layer int, q, k *graph.Node) (*graph.Node, *graph.Node) {
	return m.rmsNorm(s, layerName(layer, "self_attn.q_norm.weight"), q), m.rmsNorm(s, layerName(layer, "self_attn.k_norm.weight"), k)
}

// heads splits [batch·seq, n·head] into [batch, seq, n, head].
func (m *Model) heads(x *graph.Node, batch int) *graph.Node {
	d := x.Shape().Dimensions
	return graph.Reshape(x, batch, d[0]/batch, d[1]/m.Config.HeadDim, m.Config.HeadDim)
}

// split cuts the last axis of x into parts of the given widths.
func split(x *graph.Node, widths []int) []*graph.Node {
	var parts []*graph.Node
	at := 0
	for _, w := range widths {
		parts = append(parts, graph.SliceAxis(x, -1, graph.AxisRange(at, at+w)))
		at += w
	}
	return parts
}
