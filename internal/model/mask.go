package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// masked is added to the score of a key that a query must not see. Finite: minus infinity makes NaN of a row without keys.
const masked = -1e30

// masks builds what hides attention scores, once per window and block for all layers.
type masks struct {
	segments *graph.Node // [batch, seq] or nil
	built    map[maskKey]*graph.Node
}

type maskKey struct {
	window int
	block  block
}

// block is a range of queries and the range of keys that any of them can see.
type block struct{ q0, q1, k0, k1 int }

// of returns what hide takes for a block, [1, batch or 1, queries, keys], or nil where every query of it sees every key.
func (m *masks) of(g *graph.Graph, window int, b block) *graph.Node {
	key := maskKey{window, b}
	if n, ok := m.built[key]; ok {
		return n
	}
	visible := m.visible(g, window, b)
	if visible == nil {
		return nil
	}
	n := maskOf(visible)
	m.built[key] = n
	return n
}

// visible is bool [1, batch or 1, queries, keys].
func (m *masks) visible(g *graph.Graph, window int, b block) *graph.Node {
	var all []*graph.Node
	shape := shapes.Make(dtypes.Int32, 1, 1, b.q1-b.q0, b.k1-b.k0)
	q, k := graph.AddScalar(graph.Iota(g, shape, 2), b.q0), graph.AddScalar(graph.Iota(g, shape, 3), b.k0)
	if b.k1 > b.q0+1 {
		all = append(all, graph.LessOrEqual(k, q))
	}
	if window > 0 && b.k0 <= b.q1-1-window { // key k is visible from query q where q - window < k
		all = append(all, graph.GreaterThan(k, graph.SubScalar(q, window)))
	}
	if m.segments != nil {
		cut := func(from, to int) *graph.Node {
			return graph.Slice(m.segments, graph.AxisRange(), graph.AxisRange(from, to))
		}
		batch := m.segments.Shape().Dim(0)
		sq, sk := graph.Reshape(cut(b.q0, b.q1), 1, batch, b.q1-b.q0, 1), graph.Reshape(cut(b.k0, b.k1), 1, batch, 1, b.k1-b.k0)
		all = append(all, graph.Equal(sq, sk))
	}
	if len(all) == 0 {
		return nil
	}
	n := all[0]
	for _, other := range all[1:] {
		n = graph.LogicalAnd(n, other)
	}
	return n
}

// blocks cuts seq queries into blocks, so that keys that no query of a block can see cost nothing.
func blocks(seq, window int, large bool) []block {
	size := blockSize(seq, large)
	var all []block
	for q := 0; q < seq; q += size {
		b := block{q0: q, q1: min(q+size, seq)}
		b.k1 = b.q1
		if window > 0 {
			b.k0 = max(0, q-window+1)
		}
		all = append(all, b)
	}
	return all
}

// largeBlock is the most queries of a block on a GPU. Tests make it small.
var largeBlock = 512

// keepScores is how many probabilities of a layer are kept for the backward pass rather than computed again: 32 MB of float32.
// Tests make it small.
var keepScores = 1 << 23

// forgets says whether a layer of so many heads, of all rows, computes its probabilities again. A single small block never does.
func forgets(list []block, heads int, large bool) bool {
	return (large || len(list) > 1) && visible(list)*heads > keepScores
}

// visible counts the pairs of a query and a key that blocks work on.
func visible(list []block) (n int) {
	for _, b := range list {
		n += (b.q1 - b.q0) * (b.k1 - b.k0)
	}
	return n
}

// blockSize balances the work that small blocks save against the cost of starting many operations, and where large ones are
// wanted, of compiling them: 20 layers of 2,048 tokens take XLA 39 s for a GPU rather than 80 with blocks of 256, and 0.07 GiB more.
func blockSize(seq int, large bool) int {
	if large {
		n := (seq + largeBlock - 1) / largeBlock
		return (seq + n - 1) / n
	}
	if seq <= 64 {
		return seq
	}
	return min(256, max(64, (seq+7)/8))
}
