package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// adjoint takes the gradient that arrives at a value, for use by the hand-written gradients of its inputs (inputs are passed
// by the backward pass after outputs). The automatic gradient in between is built too, but nothing uses it, so that backends
// drop it.
//
//	var d adjoint
//	x, w = d.input(x, func() *Node {...}), d.input(w, func() *Node {...})
//	return d.output(f(x, w))
type adjoint struct{ value *graph.Node }

// output marks the result whose gradient is wanted.
func (d *adjoint) output(y *graph.Node) *graph.Node {
	return graph.IdentityWithCustomGradient(y, func(_, v *graph.Node) *graph.Node {
		d.value = v
		return v
	})
}

// input gives x the gradient that fn builds from d.value.
func (d *adjoint) input(x *graph.Node, fn func() *graph.Node) *graph.Node {
	return graph.IdentityWithCustomGradient(x, func(_, _ *graph.Node) *graph.Node { return fn() })
}
