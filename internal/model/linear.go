package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// linear computes y = W x (+ bias) with whatever the scope puts in the way: x [rows, in] -> [rows, out].
func linear(s *Scope, l Linear, x *graph.Node) *graph.Node {
	var y *graph.Node
	if s.Base != nil {
		y = s.Base(l.Module, x)
	}
	if y == nil {
		y = s.dense(x, s.Param(l.Module+".weight"))
	}
	if l.Bias {
		y = graph.Add(y, as(graph.ExpandLeftToRank(s.Param(l.Module+".bias"), y.Rank()), y))
	}
	if s.Adapt != nil {
		y = s.Adapt(l.Module, x, y)
	}
	return y
}

// dense is Dense of a parameter, without what only its gradient needs where it is fixed.
func (s *Scope) dense(x, w *graph.Node) *graph.Node {
	if s.fixed(w) {
		return dotT(x, w)
	}
	return Dense(x, w)
}

// Dense is x W^T with the gradient of W arranged so that the smaller of x and dy is the one transposed (backends multiply
// row by row; the automatic gradient transposes both). x [..., in], w [out, in] -> [..., out].
func Dense(x, w *graph.Node) *graph.Node {
	var dy *graph.Node
	in, out := w.Shape().Dim(1), w.Shape().Dim(0)
	wi := graph.IdentityWithCustomGradient(w, func(_, _ *graph.Node) *graph.Node {
		dy, x := matrix(dy), matrix(x)
		if out < in { // [out, rows]·[rows, in]; for equal widths x is better: q, k and v share its transposition
			return as(wide(graph.TransposeAllAxes(dy, 1, 0), []int{1}, nil, x, []int{0}, nil), w)
		}
		return as(graph.TransposeAllAxes(wide(graph.TransposeAllAxes(x, 1, 0), []int{1}, nil, dy, []int{0}, nil), 1, 0), w)
	})
	return graph.IdentityWithCustomGradient(dotT(x, wi), func(_, v *graph.Node) *graph.Node {
		dy = v
		return v
	})
}

// Frozen is x W^T for a W that is made anew for each use, after what it is given, and never trains: its float values (those of
// packed weights, say) need not stay from the forward to the backward pass. x [rows, in] -> [rows, out].
func Frozen(x *graph.Node, w func(after *graph.Node) *graph.Node) *graph.Node {
	var d adjoint
	xi := d.input(x, func() *graph.Node {
		return graph.DotGeneral(d.value, []int{1}, nil, as(w(d.value), d.value), []int{0}, nil)
	})
	return d.output(dotT(xi, w(x)))
}

// matrix makes one axis of all but the last.
func matrix(x *graph.Node) *graph.Node {
	if x.Rank() == 2 {
		return x
	}
	width := x.Shape().Dim(-1)
	return graph.Reshape(x, x.Shape().Size()/width, width)
}

// dotT contracts the last axis of x with the last of w, in x's type. So is the gradient of x: the automatic one of half-precision
// values multiplies them in float32, for which GPUs have no units worth the name. That of w, where it is wanted, is the caller's.
func dotT(x, w *graph.Node) *graph.Node {
	w = as(w, x)
	last := x.Rank() - 1
	if x.DType() == dtypes.Float32 {
		return graph.DotGeneral(x, []int{last}, nil, w, []int{1}, nil)
	}
	var d adjoint
	x = d.input(x, func() *graph.Node { return graph.DotGeneral(d.value, []int{last}, nil, w, []int{0}, nil) })
	return d.output(graph.DotGeneral(x, []int{last}, nil, w, []int{1}, nil))
}
