package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// attendJob is softmax(q k^T + mask) v over blocks of queries; q (scaled), k, v [heads, batch, seq, head].
type attendJob struct {
	q, k, v *graph.Node
	softcap float64
	skip    int  // the positions before the first query
	forget  bool // the probabilities: the backward pass computes them again, block by block
	blocks  []block
	masks   []*graph.Node // per block; nil = sees all
	done    []blockValues
}

// blockValues are what the backward pass needs of a block.
type blockValues struct {
	tanh   *graph.Node // of the capped scores, where there is a cap
	e, sum *graph.Node // exp(score - max) and its row sums: the probabilities are e/sum
	lse    *graph.Node // max + log sum: what the forgotten probabilities are computed from again, as exp(score - lse)
	out    *graph.Node
}

// mulT is x y^T of the last two axes in float32: [h, b, n, d]·[h, b, m, d] -> [h, b, n, m].
func mulT(x, y *graph.Node) *graph.Node {
	return wide(x, []int{3}, []int{0, 1}, y, []int{3}, []int{0, 1})
}

// mul is x y: [h, b, n, m]·[h, b, m, d] -> [h, b, n, d].
func mul(x, y *graph.Node) *graph.Node {
	return graph.DotGeneral(x, []int{3}, []int{0, 1}, y, []int{2}, []int{0, 1})
}

// queries are the block's part of q or of anything of its shape.
func (j *attendJob) queries(x *graph.Node, b block) *graph.Node {
	return cut(x, 2, b.q0-j.skip, b.q1-j.skip)
}

// inputs are a block's parts of q, k and v. With forget they wait for what is given: no two blocks are worked on at once, and
// what one pass cut is not kept for the other.
func (j *attendJob) inputs(b block, after ...*graph.Node) (q, k, v *graph.Node) {
	q, k, v = j.queries(j.q, b), cut(j.k, 2, b.k0, b.k1), cut(j.v, 2, b.k0, b.k1)
	if j.forget && len(after) > 0 {
		q, k, v = later(q, after...), later(k, after...), later(v, after...)
	}
	return q, k, v
}

// scores of a block's queries, masked, [h, b, queries, keys]; and the tanh that capped them.
func (j *attendJob) scores(i int, q, k *graph.Node) (score, tanh *graph.Node) {
	score = mulT(q, k)
	if j.softcap != 0 {
		tanh = graph.Tanh(graph.DivScalar(score, j.softcap))
		score = graph.MulScalar(tanh, j.softcap)
	}
	if mask := j.masks[i]; mask != nil {
		score = hide(score, Own(mask, q))
	}
	return score, tanh
}

func (j *attendJob) forward() *graph.Node {
	j.done = make([]blockValues, len(j.blocks))
	outs := make([]*graph.Node, len(j.blocks))
	for i, b := range j.blocks {
		d := &j.done[i]
		q, k, v := j.inputs(b, outs[max(0, i-1):i]...)
		score, tanh := j.scores(i, q, k)
		top := graph.StopGradient(graph.ReduceAndKeep(score, graph.ReduceMax, -1))
		d.e, d.tanh = graph.Exp(graph.Sub(score, top)), tanh
		d.sum = graph.ReduceAndKeep(d.e, graph.ReduceSum, -1)
		d.out = graph.Div(mul(as(d.e, v), v), as(d.sum, v))
		if j.forget {
			d.lse = graph.Add(top, graph.Log(d.sum))
		}
		outs[i] = d.out
	}
	return along(outs, 2)
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
	n := len(j.blocks)
	dqs, dks, dvs := make([]*graph.Node, n), make([]*graph.Node, n), make([]*graph.Node, n)
	var before []*graph.Node
	if n > 1 && !j.forget { // what is cut for the blocks is cut again, not kept: together it is several times q, k and v
		at := *j
		at.q, at.k, at.v = After(j.q, do), After(j.k, do), After(j.v, do)
		j = &at
	}
	for i, b := range j.blocks {
		d := j.done[i]
		g := j.queries(do, b)
		if j.forget && i > 0 { // the block before is done
			g = later(g, before...)
		}
		q, k, v := j.inputs(b, g)
		if !j.forget {
			g = graph.Div(g, as(d.sum, do))
		} else {
			score, tanh := j.scores(i, q, k)
			d.e, d.tanh = graph.Exp(graph.Sub(score, d.lse)), tanh
		}
		dvi := mul(flip(g), as(d.e, g)) // [h, b, head, keys]
		ds := graph.Mul(d.e, graph.Sub(mulT(g, v), graph.ReduceAndKeep(f32(graph.Mul(g, d.out)), graph.ReduceSum, -1)))
		if d.tanh != nil {
			ds = graph.Mul(ds, graph.OneMinus(graph.Square(d.tanh)))
		}
		ds = as(ds, k)
		dqs[i] = mul(ds, k)
		dki := mul(flip(q), ds)
		before = []*graph.Node{dqs[i], dki, dvi}
		j.add(dks, i, dki)
		j.add(dvs, i, dvi)
	}
	return along(dqs, 2), flip(along(dks, 3)), flip(along(dvs, 3))
}

// add adds block i's gradient [h, b, head, keys] to the sums, one for the keys at each block's positions: blocks tile them.
func (j *attendJob) add(sums []*graph.Node, i int, g *graph.Node) {
	if len(j.blocks) == 1 {
		sums[i] = g
		return
	}
	b := j.blocks[i]
	for at, piece := range j.blocks {
		from, to := max(piece.q0, b.k0), min(piece.q1, b.k1)
		if from >= to {
			continue
		}
		part := cut(g, 3, from-b.k0, to-b.k0)
		if to-from < piece.q1-piece.q0 { // the window begins inside the piece
			part = padLast(part, from-piece.q0, piece.q1-to)
		}
		if sums[at] != nil {
			part = graph.Add(sums[at], part)
		}
		sums[at] = part
	}
}
