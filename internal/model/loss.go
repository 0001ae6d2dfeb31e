package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Untrained marks a position that has no target.
const Untrained = -100

// Shift turns labels as data sets hold them (labels[t] is token t, or Untrained) into targets (targets[t] is what position
// t must predict). int32 [batch, seq] -> [batch, seq].
func Shift(labels *graph.Node) *graph.Node {
	d := labels.Shape().Dimensions
	last := graph.BroadcastToDims(graph.Scalar(labels.Graph(), labels.DType(), Untrained), d[0], 1)
	if d[1] == 1 {
		return last
	}
	return graph.Concatenate([]*graph.Node{graph.Slice(labels, graph.AxisRange(), graph.AxisRange(1, d[1])), last}, 1)
}

// Select takes rows (int32 [n], counted over [batch·seq]) of hidden [batch, seq, hidden]: [n, hidden]. Where few positions
// are trained, their loss costs that much less; the same row may be taken twice, with target Untrained, to fill n up.
func Select(hidden, rows *graph.Node) *graph.Node {
	d := hidden.Shape().Dimensions
	return graph.Gather(graph.Reshape(hidden, d[0]*d[1], d[2]), graph.ExpandAxes(rows, -1))
}

// TokenLoss is the cross-entropy of every position: hidden [..., hidden], targets int32 [...] (Untrained = none) -> float32
// [...], 0 where untrained. The gradient never builds a one-hot matrix nor transposes the logits.
func (m *Model) TokenLoss(s *Scope, hidden, targets *graph.Node) *graph.Node {
	rows := targets.Shape().Size()
	x := matrix(hidden)
	target := graph.Reshape(targets, rows)
	var loss *graph.Node
	if s.adaptsHead(x, m.Config.Vocab) {
		loss = crossEntropy(m.Logits(s, x), target)
	} else {
		loss = m.headLoss(s, x, target)
	}
	return graph.Reshape(loss, targets.Shape().Dimensions...)
}

// adaptsHead asks the adapter whether it changes the output layer.
func (s *Scope) adaptsHead(x *graph.Node, vocab int) bool {
	if s.Adapt == nil {
		return false
	}
	probe := graph.Zeros(x.Graph(), shapes.Make(x.DType(), x.Shape().Dim(0), vocab))
	return s.Adapt("lm_head", x, probe) != probe
}

// crossEntropy of logits [rows, vocab] by automatic gradient.
func crossEntropy(logits, target *graph.Node) *graph.Node {
	top := graph.StopGradient(graph.ReduceAndKeep(logits, graph.ReduceMax, -1))
	lse := graph.Add(graph.Log(graph.ReduceSum(graph.Exp(graph.Sub(logits, top)), -1)), graph.Squeeze(top, -1))
	at := graph.ConvertDType(graph.Equal(graph.ExpandAxes(target, -1), graph.Iota(logits.Graph(), shapes.Make(target.DType(), 1, logits.Shape().Dim(1)), 1)), logits.DType())
	picked := graph.ReduceSum(graph.Mul(logits, at), -1)
	return graph.Mul(graph.Sub(lse, picked), trained(target))
}

// trained is 1 where there is a target, else 0.
func trained(target *graph.Node) *graph.Node {
	return graph.ConvertDType(graph.NotEqual(target, graph.Scalar(target.Graph(), target.DType(), Untrained)), dtypes.Float32)
}

// keepLogits is how many exponentials are kept for the backward pass rather than computed again: 1 GB of float32.
const keepLogits = 1 << 28

// headChunk is how many rows' logits are worked on at once.
const headChunk = 1024

// headLoss multiplies by the head and takes the loss in chunks of rows, with its own gradient.
func (m *Model) headLoss(s *Scope, x, target *graph.Node) *graph.Node {
	w := m.headWeight(s)
	j := &headJob{x: x, w: w, valid: trained(target), softcap: m.Config.LogitSoftcap,
		target: graph.Max(target, graph.Scalar(x.Graph(), target.DType(), 0)), keep: x.Shape().Dim(0)*m.Config.Vocab <= keepLogits}
	var d adjoint
	var dx, dw *graph.Node
	once := func() {
		if dx == nil {
			dx, dw = j.backward(d.value)
		}
	}
	j.x = d.input(x, func() *graph.Node { once(); return dx })
	j.w = d.input(w, func() *graph.Node { once(); return dw })
	loss := d.output(j.forward())
	j.x, j.w = x, w
	return loss
}

type headJob struct {
	x, w, target, valid *graph.Node // [rows, hidden], [vocab, hidden], int32 [rows] in range, float32 [rows]
	softcap             float64
	keep                bool // keep the exponentials of the forward pass
	done                []headValues
}

// headValues are a chunk's exp(logit - max), their row sums [rows, 1], and the tanh of capped logits.
type headValues struct{ e, sum, tanh, top *graph.Node }

// chunks calls fn with the row ranges of all chunks.
func (j *headJob) chunks(fn func(i, from, to int)) {
	rows := j.x.Shape().Dim(0)
	for i, from := 0, 0; from < rows; i, from = i+1, from+headChunk {
		fn(i, from, min(from+headChunk, rows))
	}
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
	logits := graph.ConvertDType(dotT(x, j.w), dtypes.Float32)
	if j.softcap != 0 {
		v.tanh = graph.Tanh(graph.DivScalar(logits, j.softcap))
		logits = graph.MulScalar(v.tanh, j.softcap)
	}
	v.top = graph.StopGradient(graph.ReduceAndKeep(logits, graph.ReduceMax, -1))
	v.e = graph.Exp(graph.Sub(logits, v.top))
	v.sum = graph.ReduceAndKeep(v.e, graph.ReduceSum, -1)
	return v
}

func (j *headJob) forward() *graph.Node {
	var losses []*graph.Node
	j.chunks(func(i, from, to int) {
		x := cutRows(j.x, from, to)
		v := j.exponentials(x)
		score := softcap(j.picked(x, from, to), j.softcap)
		lse := graph.Squeeze(graph.Add(graph.Log(v.sum), v.top), -1)
		losses = append(losses, graph.Mul(graph.Sub(lse, score), cutRows(j.valid, from, to)))
		j.done = append(j.done, v)
	})
	if len(losses) == 1 {
		return losses[0]
	}
	return graph.Concatenate(losses, 0)
}

// targetRows are the head's rows of the targets, [rows, hidden].
func (j *headJob) targetRows(from, to int) *graph.Node {
	return graph.Gather(j.w, graph.ExpandAxes(cutRows(j.target, from, to), -1))
}

// picked is the target's logit of each row, before any cap: x · w[target].
func (j *headJob) picked(x *graph.Node, from, to int) *graph.Node {
	w := graph.ConvertDType(j.targetRows(from, to), x.DType())
	return graph.ConvertDType(graph.ReduceSum(graph.Mul(x, w), -1), dtypes.Float32)
}

// backward: the gradient of the logits is g (softmax - onehot), and softmax = e/sum. The division and g go to the small
// side: dx = (g/sum) (e w) - g w[target], dw = e^T ((g/sum) x) - scatter(target, g x).
func (j *headJob) backward(dLoss *graph.Node) (dx, dw *graph.Node) {
	var dxs []*graph.Node
	var dwT *graph.Node // [hidden, vocab]
	scatter := graph.Zeros(j.x.Graph(), shapes.Make(dtypes.Float32, j.w.Shape().Dimensions...))
	w := graph.ConvertDType(j.w, dtypes.Float32)
	j.chunks(func(i, from, to int) {
		x, v := graph.ConvertDType(cutRows(j.x, from, to), dtypes.Float32), j.done[i]
		g := graph.ExpandAxes(graph.Mul(cutRows(dLoss, from, to), cutRows(j.valid, from, to)), -1) // [rows, 1]
		if !j.keep {
			fresh := graph.OptimizationBarriers(cutRows(j.x, from, to), g)
			v = j.exponentials(fresh[0])
			g = fresh[1]
		}
		e, gTarget := v.e, g
		if j.softcap != 0 {
			e = graph.Mul(e, graph.OneMinus(graph.Square(v.tanh)))
			score := graph.ExpandAxes(j.picked(cutRows(j.x, from, to), from, to), -1)
			gTarget = graph.Mul(g, graph.OneMinus(graph.Square(graph.Tanh(graph.DivScalar(score, j.softcap)))))
		}
		share := graph.Div(g, v.sum)
		soft := graph.DotGeneral(e, []int{1}, nil, w, []int{0}, nil)
		dxs = append(dxs, graph.Sub(graph.Mul(soft, share), graph.Mul(graph.ConvertDType(j.targetRows(from, to), dtypes.Float32), gTarget)))
		part := graph.DotGeneral(graph.TransposeAllAxes(graph.Mul(x, share), 1, 0), []int{1}, nil, e, []int{0}, nil)
		if dwT == nil {
			dwT = part
		} else {
			dwT = graph.Add(dwT, part)
		}
		scatter = graph.ScatterSum(scatter, graph.ExpandAxes(cutRows(j.target, from, to), -1), graph.Mul(x, gTarget), false, false)
	})
	dx = dxs[0]
	if len(dxs) > 1 {
		dx = graph.Concatenate(dxs, 0)
	}
	dw = graph.Sub(graph.TransposeAllAxes(dwT, 1, 0), scatter)
	return graph.ConvertDType(dx, j.x.DType()), graph.ConvertDType(dw, j.w.DType())
}
