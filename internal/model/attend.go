package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// attention over whole rows, for training and prefill. Heads lead the layout, [heads, batch, seq, head]: the mask
// [1, batch, queries, keys] then repeats over the first axis only, which backends do fast.
type rowAttention struct {
	*rotation
	model *Model
	masks masks
	graph *graph.Graph
	// For prefill: the last layer goes on with the last position only; keep gets every layer's rotated keys and values.
	lastOnly bool
	keep     func(k, v *graph.Node)
}

func newAttention(m *Model, b Batch) *rowAttention {
	g := b.Tokens.Graph()
	positions := b.Positions
	if positions == nil {
		positions = sequence(g, b.Tokens.Shape().Dim(1))
	}
	return &rowAttention{
		rotation: newRotation(m.Config, positions), model: m, graph: g,
		masks: masks{segments: b.Segments, built: map[maskKey]*graph.Node{}},
	}
}

// layer attends: q [batch, seq, heads, head], k and v [batch, seq, kv heads, head] -> [batch·seq, heads·head].
func (a *rowAttention) layer(layer int, q, k, v *graph.Node) *graph.Node {
	c := a.model.Config
	d := q.Shape().Dimensions
	q, k, v = a.rotate(layer, headsFirst(q), c.AttnScale), a.rotate(layer, headsFirst(k), 1), headsFirst(v)
	if a.keep != nil {
		a.keep(k, v)
	}
	k, v = repeat(k, c.Heads/c.KVHeads), repeat(v, c.Heads/c.KVHeads)
	window := c.Layers[layer].Window
	job := attendJob{q: q, k: k, v: v, softcap: c.AttnSoftcap, skip: k.Shape().Dim(2) - d[1]}
	list := a.blocks(layer, k.Shape().Dim(2), window)
	job.forget = forgets(list, d[0]*c.Heads, large(a.graph))
	for _, b := range list {
		job.blocks = append(job.blocks, b)
		job.masks = append(job.masks, a.masks.of(a.graph, window, b))
	}
	o := job.withGradient()
	return graph.Reshape(graph.TransposeAllAxes(o, 1, 2, 0, 3), d[0]*d[1], d[2]*d[3])
}

// ends reports whether a layer goes on with the last position only.
func (a *rowAttention) ends(layer int) bool {
	return a.lastOnly && layer == len(a.model.Config.Layers)-1
}

func (a *rowAttention) queries(layer int, x *graph.Node) *graph.Node {
	if !a.ends(layer) {
		return x
	}
	batch, width := a.positions.Shape().Dim(0), x.Shape().Dim(1)
	x = graph.Reshape(x, batch, x.Shape().Dim(0)/batch, width)
	n := x.Shape().Dim(1)
	return graph.Reshape(slice(x, 1, n-1, n), batch, width)
}

func (a *rowAttention) blocks(layer, seq, window int) []block {
	if !a.ends(layer) {
		return blocks(seq, window, large(a.graph))
	}
	return []block{{q0: seq - 1, q1: seq, k1: seq}}
}

// headsFirst turns [batch, seq, heads, head] into [heads, batch, seq, head].
func headsFirst(x *graph.Node) *graph.Node { return graph.TransposeAllAxes(x, 2, 0, 1, 3) }

// repeat gives each of a group of query heads its own copy of their shared key head, on axis 0.
func repeat(x *graph.Node, n int) *graph.Node {
	if n == 1 {
		return x
	}
	d := x.Shape().Dimensions
	return graph.Reshape(graph.BroadcastToDims(graph.ExpandAxes(x, 1), d[0], n, d[1], d[2], d[3]), d[0]*n, d[1], d[2], d[3])
}
