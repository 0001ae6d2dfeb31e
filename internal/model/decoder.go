package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Hidden runs the decoder: [batch, seq, hidden] after the final norm.
func (m *Model) Hidden(s *Scope, b Batch) *graph.Node {
	return m.stack(s, m.embed(s, b.Tokens), newAttention(m, b))
}

// attender is how positions see each other.
type attender interface {
	// layer rotates and attends: q [batch, seq, heads, head], k and v [batch, seq, kv heads, head] -> [batch·seq, heads·head].
	layer(layer int, q, k, v *graph.Node) *graph.Node
	// queries cuts x [batch·seq, hidden] down to the positions that go on from this layer.
	queries(layer int, x *graph.Node) *graph.Node
}

// stack runs all layers on the embedded tokens x [batch, seq, hidden]; what is attended to is the caller's. Between the heads
// values are [batch·seq, width]: matrices need no reshaping for their gradients.
func (m *Model) stack(s *Scope, x *graph.Node, attend attender) *graph.Node {
	batch := x.Shape().Dim(0)
	x = graph.Reshape(x, batch*x.Shape().Dim(1), m.Config.Hidden)
	for i := range m.Config.Layers {
		if s.Trace != nil {
			s.Trace(i, x)
		}
		x = s.again(x, func(x *graph.Node) *graph.Node { return m.layer(s, i, batch, x, attend) })
	}
	if s.Trace != nil {
		s.Trace(len(m.Config.Layers), x)
	}
	x = m.rmsNorm(s, normName, x)
	return graph.Reshape(x, batch, x.Shape().Dim(0)/batch, m.Config.Hidden)
}

// layer is attention and feed-forward, each added to the residual stream x [batch·seq, hidden].
func (m *Model) layer(s *Scope, i, batch int, x *graph.Node, attend attender) *graph.Node {
	n := m.Config.Norms
	h := m.layerNorm(s, i, n.PreAttn, x)
	h = m.attention(s, i, batch, h, attend)
	x = graph.Add(attend.queries(i, x), m.layerNorm(s, i, n.PostAttn, h))
	h = m.layerNorm(s, i, n.PreMLP, x)
	h = m.feedForward(s, i, h)
	return graph.Add(x, m.layerNorm(s, i, n.PostMLP, h))
}

// embed looks tokens [batch, seq] up: [batch, seq, hidden]. An adapter on model.embed_tokens gets the tokens as its x.
func (m *Model) embed(s *Scope, tokens *graph.Node) *graph.Node {
	x := graph.Gather(s.Param(embedName), graph.ExpandAxes(tokens, -1))
	if s.Adapt != nil {
		x = s.Adapt(EmbedModule, tokens, x)
	}
	if x.DType() != s.compute() {
		x = graph.ConvertDType(x, s.compute())
	}
	if m.Config.EmbedScale != 1 {
		x = graph.MulScalar(x, m.Config.EmbedScale)
	}
	return x
}

// headWeight is the matrix of the output layer, [vocab, hidden].
func (m *Model) headWeight(s *Scope) *graph.Node {
	if m.Config.Tied {
		return s.Param(embedName)
	}
	return s.Param(headName)
}

// Logits gives the scores of all tokens: hidden [..., hidden] -> [..., vocab], float32.
func (m *Model) Logits(s *Scope, hidden *graph.Node) *graph.Node {
	y := s.dense(hidden, m.headWeight(s))
	if s.Adapt != nil {
		y = s.Adapt("lm_head", hidden, y)
	}
	return softcap(graph.ConvertDType(y, dtypes.Float32), m.Config.LogitSoftcap)
}

// softcap squeezes x into (-limit, limit); 0 = not at all.
func softcap(x *graph.Node, limit float64) *graph.Node {
	if limit == 0 {
		return x
	}
	return graph.MulScalar(graph.Tanh(graph.DivScalar(x, limit)), limit)
}
