package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// chunkLogits is how many logits exist at once: 64 MB of float32, of any vocabulary; but never fewer than leastChunk rows.
// Tests make them small.
var chunkLogits, leastChunk = 1 << 24, 64

// chunk is how many rows of logits are worked on at once, so that all chunks are of one size but the last. A GPU reads the head's
// matrix faster than it multiplies few rows by it: large chunks are of four times as many.
func chunk(rows, vocab int, large bool) int {
	most := max(leastChunk, chunkLogits/vocab)
	if large {
		most *= 4
	}
	n := (rows + most - 1) / most
	return (rows + n - 1) / n
}

// headLoss multiplies by the head and takes the loss in chunks of rows, with a gradient written by hand.
//
// The loss of a row has the gradient g (softmax w - w[target]) by x, where g is what arrives at the loss: all but g is known
// when the loss is. So the chunk's logits live once, in the forward pass, and what is kept is of the size of x.
func (m *Model) headLoss(s *Scope, x, target *graph.Node) *graph.Node {
	w := m.headWeight(s)
	j := &headJob{x: x, w: w, valid: trained(target), softcap: m.Config.LogitSoftcap,
		target: graph.Max(target, graph.Scalar(x.Graph(), target.DType(), 0)), size: chunk(x.Shape().Dim(0), m.Config.Vocab, large(x.Graph()))}
	var d adjoint
	j.x = d.input(x, func() *graph.Node { return j.dx(d.value) })
	if !s.fixed(w) {
		j.w = d.input(w, func() *graph.Node { return j.dw(d.value) })
	}
	loss := d.output(j.forward())
	j.x, j.w = x, w
	return loss
}

type headJob struct {
	x, w, target, valid *graph.Node // [rows, hidden], [vocab, hidden], int32 [rows] in range, float32 [rows]
	softcap             float64
	size                int // of a chunk
	slopes              []*graph.Node
	only                *headValues // of the only chunk
}

// headValues are a chunk's exp(logit - max) [rows, vocab], its row sums and maxima [rows, 1], and the tanh of capped logits.
type headValues struct{ e, sum, top, tanh *graph.Node }

// chunks calls fn with the row ranges of all chunks and joins what it gives.
func (j *headJob) chunks(fn func(from, to int) *graph.Node) *graph.Node {
	var all []*graph.Node
	rows := j.x.Shape().Dim(0)
	for from := 0; from < rows; from += j.size {
		all = append(all, fn(from, min(from+j.size, rows)))
	}
	return along(all, 0)
}

func cutRows(x *graph.Node, from, to int) *graph.Node {
	if from == 0 && to == x.Shape().Dim(0) {
		return x
	}
	return graph.SliceAxis(x, 0, graph.AxisRange(from, to))
}

// exponentials of the logits of some rows.
func (j *headJob) exponentials(x *graph.Node) headValues {
	var v headValues
	logits := wide(x, []int{1}, nil, as(j.w, x), []int{1}, nil)
	if j.softcap != 0 {
		v.tanh = graph.Tanh(graph.DivScalar(logits, j.softcap))
		logits = graph.MulScalar(v.tanh, j.softcap)
	}
	v.top = graph.StopGradient(graph.ReduceAndKeep(logits, graph.ReduceMax, -1))
	v.e = graph.Exp(graph.Sub(logits, v.top))
	v.sum = graph.ReduceAndKeep(v.e, graph.ReduceSum, -1)
	return v
}

// slope is the derivative of exp(capped logit) by the logit, over the exp's scale.
func (v headValues) slope() *graph.Node {
	if v.tanh == nil {
		return v.e
	}
	return graph.Mul(v.e, graph.OneMinus(graph.Square(v.tanh)))
}

func (j *headJob) forward() *graph.Node {
	var before *graph.Node
	return j.chunks(func(from, to int) *graph.Node {
		x := cutRows(j.x, from, to)
		if before != nil {
			x = later(x, before) // one chunk's logits at a time
		}
		v := j.exponentials(x)
		rows := f32(j.targetRows(from, to))
		score := graph.ReduceAndKeep(graph.Mul(f32(x), rows), graph.ReduceSum, -1) // the target's logit
		if j.softcap != 0 {
			t := graph.Tanh(graph.DivScalar(score, j.softcap))
			score = graph.MulScalar(t, j.softcap)
			rows = graph.Mul(rows, graph.OneMinus(graph.Square(t)))
		}
		// softmax w - w[target]; the division on the small side.
		soft := product(as(v.slope(), x), as(j.w, x))
		slope := graph.Sub(graph.Div(soft, v.sum), rows)
		j.slopes = append(j.slopes, slope)
		if to-from == j.x.Shape().Dim(0) {
			j.only = &v
		}
		loss := graph.Squeeze(graph.Sub(graph.Add(graph.Log(v.sum), v.top), score), -1)
		before = slope
		return graph.Mul(loss, cutRows(j.valid, from, to))
	})
}

// product is x w in float32: [rows, n]·[n, m].
func product(x, w *graph.Node) *graph.Node {
	return wide(x, []int{1}, nil, w, []int{0}, nil)
}

// targetRows are the head's rows of the targets, [rows, hidden].
func (j *headJob) targetRows(from, to int) *graph.Node {
	return graph.Gather(j.w, graph.ExpandAxes(cutRows(j.target, from, to), -1))
}

// weight is what arrives at each row's loss, [rows, 1].
func (j *headJob) weight(dLoss *graph.Node) *graph.Node {
	return graph.ExpandAxes(graph.Mul(dLoss, j.valid), -1)
}

func (j *headJob) dx(dLoss *graph.Node) *graph.Node {
	return as(graph.Mul(along(j.slopes, 0), j.weight(dLoss)), j.x)
}

// dw, where the head trains, is e^T ((g/sum) x) - scatter(target, g x), from logits computed again where there are several
// chunks of them.
func (j *headJob) dw(dLoss *graph.Node) *graph.Node {
	weight := j.weight(dLoss)
	var sum *graph.Node // [hidden, vocab]
	direct := j.chunks(func(from, to int) *graph.Node {
		x, g := cutRows(j.x, from, to), cutRows(weight, from, to)
		v := j.only
		if v == nil {
			after := g
			if sum != nil {
				after = sum
			}
			again := j.exponentials(later(x, after))
			v = &again
		}
		full := f32(x)
		part := product(graph.TransposeAllAxes(as(graph.Mul(full, graph.Div(g, v.sum)), x), 1, 0), as(v.slope(), x))
		if sum != nil {
			part = graph.Add(sum, part)
		}
		sum = part
		if j.softcap != 0 {
			score := graph.ReduceAndKeep(graph.Mul(full, f32(j.targetRows(from, to))), graph.ReduceSum, -1)
			g = graph.Mul(g, graph.OneMinus(graph.Square(graph.Tanh(graph.DivScalar(score, j.softcap)))))
		}
		return graph.Mul(full, g)
	})
	zero := graph.Zeros(j.x.Graph(), shapes.Make(dtypes.Float32, j.w.Shape().Dimensions...))
	scatter := graph.ScatterSum(zero, graph.ExpandAxes(j.target, -1), direct, false, false)
	return as(graph.Sub(graph.TransposeAllAxes(sum, 1, 0), scatter), j.w)
}
