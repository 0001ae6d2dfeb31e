package model

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Cache is the keys and values of all layers so far: k and v of layer 0, of layer 1, ..., each [kv heads, batch, slots, head],
// rotated. Rows are padded on the left, so that all rows write the same slot next.
type Cache []*graph.Node

// Prompt is a batch of prompts of one padded length.
type Prompt struct {
	Tokens *graph.Node // int32 [batch, seq], padded on the left
	Start  *graph.Node // int32 [batch], how many of a row's tokens are padding
}

// Prefill runs prompts and returns the hidden state of their last position [batch, 1, hidden] (the last layer computes no
// other) and the cache, with room for `slots` positions in all.
func (m *Model) Prefill(s *Scope, p Prompt, slots int) (*graph.Node, Cache) {
	g, d := p.Tokens.Graph(), p.Tokens.Shape().Dimensions
	index := graph.Iota(g, shapes.Make(dtypes.Int32, 1, d[1]), 1)
	offset := graph.Sub(index, graph.ExpandAxes(p.Start, -1)) // [batch, seq], negative on padding
	zero := graph.ScalarZero(g, dtypes.Int32)
	a := newAttention(m, Batch{
		Tokens:    p.Tokens,
		Positions: graph.Max(offset, zero),
		Segments:  graph.ConvertDType(graph.GreaterOrEqual(offset, zero), dtypes.Int32),
	})
	a.lastOnly = true
	var cache Cache
	a.keep = func(k, v *graph.Node) { cache = append(cache, Grow(k, slots), Grow(v, slots)) }
	return m.stack(s, m.embed(s, p.Tokens), a), cache
}

// Grow makes room for `slots` positions in a cache node.
func Grow(x *graph.Node, slots int) *graph.Node {
	n := slots - x.Shape().Dim(2)
	if n == 0 {
		return x
	}
	return graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), compute.PadAxis{}, compute.PadAxis{}, compute.PadAxis{End: n}, compute.PadAxis{})
}

// Step runs one more token a row: tokens int32 [batch, 1] go to slot `at` (int32 scalar, the same for all rows). It returns
// their hidden states [batch, 1, hidden] and the cache with the slot filled; give the old cache's memory up (donate it) and
// the slot is written in place.
func (m *Model) Step(s *Scope, tokens, start, at *graph.Node, cache Cache) (*graph.Node, Cache) {
	position := graph.ExpandAxes(graph.Sub(graph.BroadcastToDims(at, start.Shape().Dim(0)), start), -1)
	a := &stepAttention{rotation: newRotation(m.Config, position), model: m, start: start, at: at, cache: append(Cache(nil), cache...), masks: map[int]*graph.Node{}}
	return m.stack(s, m.embed(s, tokens), a), a.cache
}

// stepAttention attends from one new position to all slots that are filled.
type stepAttention struct {
	*rotation
	model     *Model
	start, at *graph.Node
	cache     Cache
	masks     map[int]*graph.Node // by window
}

func (a *stepAttention) queries(_ int, x *graph.Node) *graph.Node { return x }

func (a *stepAttention) layer(layer int, q, k, v *graph.Node) *graph.Node {
	c := a.model.Config
	d := q.Shape().Dimensions
	q, k, v = a.rotate(layer, headsFirst(q), c.AttnScale), a.rotate(layer, headsFirst(k), 1), headsFirst(v)
	keys, values := a.put(2*layer, k), a.put(2*layer+1, v)
	// [heads, batch, 1, head] -> [kv heads, batch, group, head]: a group's queries share their keys without copies.
	group := c.Heads / c.KVHeads
	if group > 1 {
		q = graph.Reshape(graph.TransposeAllAxes(graph.Reshape(q, c.KVHeads, group, d[0], c.HeadDim), 0, 2, 1, 3), c.KVHeads, d[0], group, c.HeadDim)
	}
	score := softcap(mulT(q, keys), c.AttnSoftcap)
	score = graph.Add(score, a.mask(c.Layers[layer].Window, keys.Shape().Dim(2)))
	e := graph.Exp(graph.Sub(score, graph.ReduceAndKeep(score, graph.ReduceMax, -1)))
	o := graph.Div(mul(as(e, values), values), as(graph.ReduceAndKeep(e, graph.ReduceSum, -1), values))
	// [kv heads, batch, group, head] -> [batch, heads·head]
	return graph.Reshape(graph.TransposeAllAxes(o, 1, 0, 2, 3), d[0], c.Heads*c.HeadDim)
}

// put writes the new position's keys or values into the cache.
func (a *stepAttention) put(i int, x *graph.Node) *graph.Node {
	zero := graph.ScalarZero(x.Graph(), dtypes.Int32)
	a.cache[i] = graph.DynamicUpdateSlice(a.cache[i], as(x, a.cache[i]), []*graph.Node{zero, zero, a.at, zero})
	return a.cache[i]
}

// mask is [1, batch, 1, slots]: 0 for the slots from a row's first token to the new one (or within the window), else masked.
func (a *stepAttention) mask(window, slots int) *graph.Node {
	if n, ok := a.masks[window]; ok {
		return n
	}
	g, batch := a.at.Graph(), a.start.Shape().Dim(0)
	slot := graph.Iota(g, shapes.Make(dtypes.Int32, batch, slots), 1)
	visible := graph.LogicalAnd(graph.LessOrEqual(slot, a.at), graph.GreaterOrEqual(slot, graph.ExpandAxes(a.start, -1)))
	if window > 0 {
		visible = graph.LogicalAnd(visible, graph.GreaterThan(slot, graph.AddScalar(a.at, -window)))
	}
	n := graph.Reshape(graph.Where(visible, graph.Scalar(g, dtypes.Float32, 0), graph.Scalar(g, dtypes.Float32, masked)), 1, batch, 1, slots)
	a.masks[window] = n
	return n
}
