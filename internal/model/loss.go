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
		loss = m.adaptedLoss(s, x, target)
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

// adaptedLoss is the loss of logits that an adapter changes; with Remat it is taken in chunks of rows.
func (m *Model) adaptedLoss(s *Scope, x, target *graph.Node) *graph.Node {
	rows := x.Shape().Dim(0)
	size := rows
	if s.Remat {
		size = chunk(rows, m.Config.Vocab, large(x.Graph()))
	}
	var losses []*graph.Node
	for from := 0; from < rows; from += size {
		to := min(from+size, rows)
		losses = append(losses, s.again(cutRows(x, from, to), func(x *graph.Node) *graph.Node {
			return crossEntropy(m.Logits(s, x), cutRows(target, from, to))
		}))
	}
	return along(losses, 0)
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
