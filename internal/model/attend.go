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
	for _, b := range a.blocks(layer, k.Shape().Dim(2), window) {
		job.blocks = append(job.blocks, b)
		job.masks = append(job.masks, a.masks.add(a.graph, window, b))
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
		return blocks(seq, window)
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

// attendJob is softmax(q k^T + mask) v over blocks of queries; q (scaled), k, v [heads, batch, seq, head].
type attendJob struct {
	q, k, v *graph.Node
	softcap float64
	skip    int // the positions before the first query
	blocks  []block
	masks   []*graph.Node // per block; nil = sees all
	done    []blockValues
}

// blockValues are what the backward pass needs of a block.
type blockValues struct {
	tanh   *graph.Node // of the capped scores, where there is a cap
	e, sum *graph.Node // exp(score - max) and its row sums: the probabilities are e/sum
	out    *graph.Node
}

// mulT is x y^T of the last two axes: [h, b, n, d]·[h, b, m, d] -> [h, b, n, m].
func mulT(x, y *graph.Node) *graph.Node {
	return graph.DotGeneral(x, []int{3}, []int{0, 1}, y, []int{3}, []int{0, 1})
}

// mul is x y: [h, b, n, m]·[h, b, m, d] -> [h, b, n, d].
func mul(x, y *graph.Node) *graph.Node {
	return graph.DotGeneral(x, []int{3}, []int{0, 1}, y, []int{2}, []int{0, 1})
}

func (j *attendJob) forward() *graph.Node {
	j.done = make([]blockValues, len(j.blocks))
	outs := make([]*graph.Node, len(j.blocks))
	for i, b := range j.blocks {
		d := &j.done[i]
		score := f32(mulT(cut(j.q, 2, b.q0-j.skip, b.q1-j.skip), cut(j.k, 2, b.k0, b.k1)))
		if j.softcap != 0 {
			d.tanh = graph.Tanh(graph.DivScalar(score, j.softcap))
			score = graph.MulScalar(d.tanh, j.softcap)
		}
		if mask := j.masks[i]; mask != nil {
			score = graph.Add(score, mask)
		}
		d.e = graph.Exp(graph.Sub(score, graph.StopGradient(graph.ReduceAndKeep(score, graph.ReduceMax, -1))))
		d.sum = graph.ReduceAndKeep(d.e, graph.ReduceSum, -1)
		v := cut(j.v, 2, b.k0, b.k1)
		d.out = graph.Div(mul(as(d.e, v), v), as(d.sum, v))
		outs[i] = d.out
	}
	if len(outs) == 1 {
		return outs[0]
	}
	return graph.Concatenate(outs, 2)
}

// withGradient is forward with a gradient written by hand: it never transposes a matrix of scores and divides by the row
// sums on the small side.
func (j *attendJob) withGradient() *graph.Node {
	var d adjoint
	var dq, dk, dv *graph.Node
	once := func(get **graph.Node) func() *graph.Node {
		return func() *graph.Node {
			if dq == nil {
				dq, dk, dv = j.backward(d.value)
			}
			return *get
		}
	}
	j.q, j.k, j.v = d.input(j.q, once(&dq)), d.input(j.k, once(&dk)), d.input(j.v, once(&dv))
	return d.output(j.forward())
}

// backward: with p = e/sum and do the output's gradient, dv = p^T do, ds = p (do v^T - sum(do out)), dq = ds k, dk = ds^T q.
func (j *attendJob) backward(do *graph.Node) (dq, dk, dv *graph.Node) {
	dqs, dks, dvs := make([]*graph.Node, len(j.blocks)), make([]*graph.Node, len(j.blocks)), make([]*graph.Node, len(j.blocks))
	for i, b := range j.blocks {
		d := j.done[i]
		k, v := cut(j.k, 2, b.k0, b.k1), cut(j.v, 2, b.k0, b.k1)
		g := graph.Div(cut(do, 2, b.q0-j.skip, b.q1-j.skip), as(d.sum, do))
		dvs[i] = mul(flip(g), as(d.e, g)) // [h, b, head, keys]
		ds := graph.Mul(d.e, graph.Sub(f32(mulT(g, v)), graph.ReduceAndKeep(f32(graph.Mul(g, d.out)), graph.ReduceSum, -1)))
		if d.tanh != nil {
			ds = graph.Mul(ds, graph.OneMinus(graph.Square(d.tanh)))
		}
		ds = as(ds, k)
		dqs[i] = mul(ds, k)
		dks[i] = mul(flip(cut(j.q, 2, b.q0-j.skip, b.q1-j.skip)), ds)
	}
	dq = dqs[0]
	if len(dqs) > 1 {
		dq = graph.Concatenate(dqs, 2)
	}
	return dq, flip(j.gather(dks)), flip(j.gather(dvs))
}

// gather sums the blocks' gradients [h, b, head, keys] of key ranges that overlap into one of all keys.
func (j *attendJob) gather(parts []*graph.Node) *graph.Node {
	if len(parts) == 1 {
		return parts[0]
	}
	var pieces []*graph.Node
	for _, piece := range j.blocks { // blocks tile the positions
		var sum *graph.Node
		for i, b := range j.blocks {
			from, to := max(piece.q0, b.k0), min(piece.q1, b.k1)
			if from >= to {
				continue
			}
			part := cut(parts[i], 3, from-b.k0, to-b.k0)
			if to-from < piece.q1-piece.q0 { // the window begins inside the piece
				part = padLast(part, from-piece.q0, piece.q1-to)
			}
			if sum == nil {
				sum = part
			} else {
				sum = graph.Add(sum, part)
			}
		}
		pieces = append(pieces, sum)
	}
	return graph.Concatenate(pieces, 3)
}
