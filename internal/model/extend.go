package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Extend runs the next n tokens of every row at once: tokens int32 [batch, n] go to the slots from `at` on. So a long prompt is
// read in chunks that are padded on the left as one. It returns the hidden state of the last of them [batch, 1, hidden] and the
// cache with the slots filled. Longrope chooses its factors chunk by chunk: its prompts must be read at once.
func (m *Model) Extend(s *Scope, tokens, start, at *graph.Node, cache Cache) (*graph.Node, Cache) {
	g, d := tokens.Graph(), tokens.Shape().Dimensions
	slot := graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, 1, d[1]), 1), graph.Reshape(at, 1, 1)) // [1, n]
	position := graph.Max(graph.Sub(slot, graph.ExpandAxes(start, -1)), graph.ScalarZero(g, dtypes.Int32))
	a := &chunkAttention{slot: slot, stepAttention: stepAttention{
		rotation: newRotation(m.Config, position), model: m, start: start, at: at, cache: append(Cache(nil), cache...), masks: map[int]*graph.Node{}}}
	return m.stack(s, m.embed(s, tokens), a), a.cache
}

// chunkAttention attends from some new positions to all slots that are filled.
type chunkAttention struct {
	stepAttention
	slot *graph.Node // int32 [1, n]: where the new positions go
}

// queries: the last layer goes on with the last position only.
func (a *chunkAttention) queries(layer int, x *graph.Node) *graph.Node {
	if layer < len(a.model.Config.Layers)-1 {
		return x
	}
	batch, width := a.positions.Shape().Dim(0), x.Shape().Dim(1)
	x = graph.Reshape(x, batch, x.Shape().Dim(0)/batch, width)
	return graph.Reshape(lastOfAxis(x, 1, 1), batch, width)
}

func (a *chunkAttention) layer(layer int, q, k, v *graph.Node) *graph.Node {
	c := a.model.Config
	d := q.Shape().Dimensions // [batch, n, heads, head]; n is 1 in the last layer
	q, k, v = a.rotate(layer, headsFirst(q), c.AttnScale), a.rotate(layer, headsFirst(k), 1), headsFirst(v)
	keys, values := a.put(2*layer, k), a.put(2*layer+1, v)
	// [heads, batch, n, head] -> [kv heads, batch, group·n, head]: a group's queries share their keys without copies.
	group := c.Heads / c.KVHeads
	q = graph.TransposeAllAxes(graph.Reshape(q, c.KVHeads, group, d[0], d[1], c.HeadDim), 0, 2, 1, 3, 4)
	q = graph.Reshape(q, c.KVHeads, d[0], group*d[1], c.HeadDim)
	score := softcap(f32(mulT(q, keys)), c.AttnSoftcap)
	score = graph.Add(score, a.mask(c.Layers[layer].Window, d[1], keys.Shape().Dim(2)))
	e := graph.Exp(graph.Sub(score, graph.ReduceAndKeep(score, graph.ReduceMax, -1)))
	o := graph.Div(mul(as(e, values), values), as(graph.ReduceAndKeep(e, graph.ReduceSum, -1), values))
	// [kv heads, batch, group·n, head] -> [batch·n, heads·head]
	o = graph.TransposeAllAxes(graph.Reshape(o, c.KVHeads, d[0], group, d[1], c.HeadDim), 1, 3, 0, 2, 4)
	return graph.Reshape(o, d[0]*d[1], c.Heads*c.HeadDim)
}

// mask is [1, batch, group·n, slots] for the last n of the new positions: 0 for the slots from a row's first token to the
// position's own (or within the window), else masked.
func (a *chunkAttention) mask(window, n, slots int) *graph.Node {
	key := window
	if n == 1 {
		key = -1 - window // the last layer's
	}
	if m, ok := a.masks[key]; ok {
		return m
	}
	g, batch := a.at.Graph(), a.start.Shape().Dim(0)
	slot := graph.Iota(g, shapes.Make(dtypes.Int32, batch, n, slots), 2)
	own := graph.BroadcastToDims(graph.Reshape(lastOfAxis(a.slot, 1, n), 1, n, 1), batch, n, slots)
	first := graph.BroadcastToDims(graph.Reshape(a.start, batch, 1, 1), batch, n, slots)
	visible := graph.LogicalAnd(graph.LessOrEqual(slot, own), graph.GreaterOrEqual(slot, first))
	if window > 0 {
		visible = graph.LogicalAnd(visible, graph.GreaterThan(slot, graph.AddScalar(own, -window)))
	}
	group := a.model.Config.Heads / a.model.Config.KVHeads
	m := graph.Where(visible, graph.Scalar(g, dtypes.Float32, 0), graph.Scalar(g, dtypes.Float32, masked))
	m = graph.BroadcastToDims(graph.Reshape(m, 1, batch, 1, n, slots), 1, batch, group, n, slots)
	m = graph.Reshape(m, 1, batch, group*n, slots)
	a.masks[key] = m
	return m
}

// lastOfAxis takes the last n of an axis.
func lastOfAxis(x *graph.Node, axis, n int) *graph.Node {
	size := x.Shape().Dim(axis)
	if n == size {
		return x
	}
	return graph.SliceAxis(x, axis, graph.AxisRange(size-n, size))
}
