package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// stretch is a part of the graph of which only the input is kept: the backward pass computes the rest again.
type stretch struct {
	x, y *graph.Node
	run  func(x *graph.Node) *graph.Node
}

// again is fn(x), with Remat as a stretch. It must use nothing that depends on trained weights but x and the weights.
func (s *Scope) again(x *graph.Node, fn func(x *graph.Node) *graph.Node) *graph.Node {
	if !s.Remat {
		return fn(x)
	}
	s.part = len(s.stretches) + 1
	y := graph.IdentityWithCustomGradient(fn(x), func(_, _ *graph.Node) *graph.Node {
		if !s.pulling {
			panic("model: gradients of a graph with Remat are taken by Scope.Gradient")
		}
		return nil // Scope.Gradient goes on from here
	})
	s.stretches = append(s.stretches, stretch{x, y, fn})
	s.part = 0
	return y
}

// Part tells apart the parts of the graph that are computed again: the same number both times, 0 for all that is computed
// once. What draws random numbers draws the same ones for the same part.
func (s *Scope) Part() int { return s.part }

// Gradient gives the gradients of a scalar loss, computed in this scope, by the nodes that train. Stretches are computed
// again one after the other, each when the gradient of its output is there, so that the inner values of one are alive at a
// time (Chen et al. 2016, arXiv:1604.06174) and gradients written by hand hold inside of them too.
func (s *Scope) Gradient(loss *graph.Node, by ...*graph.Node) []*graph.Node {
	if len(s.stretches) == 0 {
		return graph.Gradient(loss, by...)
	}
	s.pulling = true
	defer func() { s.pulling = false }()
	p := &pull{sums: map[*graph.Node]*graph.Node{}, targets: map[*graph.Node]bool{}}
	for _, n := range by {
		p.targets[n] = true
	}
	for _, st := range s.stretches {
		p.targets[st.y] = true
	}
	p.add(loss)
	for i := len(s.stretches) - 1; i >= 0; i-- {
		s.part = i + 1
		p.through(s.stretches[i])
	}
	s.part = 0
	out := make([]*graph.Node, len(by))
	for i, n := range by {
		if out[i] = p.sums[n]; out[i] == nil {
			out[i] = graph.ZerosLike(n)
		}
	}
	return out
}

// pull is a backward pass over stretches.
type pull struct {
	targets map[*graph.Node]bool        // whose gradients are wanted: weights and the outputs of stretches
	sums    map[*graph.Node]*graph.Node // their gradients so far
}

// through takes the gradient of a stretch's output to its input and weights.
func (p *pull) through(st stretch) {
	dy := p.sums[st.y]
	if dy == nil {
		return
	}
	// Nothing goes past x by itself, as what is computed again may depend on st.x by other ways (states of random numbers do).
	x := graph.IdentityWithCustomGradient(After(st.x, dy), func(_, _ *graph.Node) *graph.Node { return nil })
	p.targets[x] = true
	weights := p.add(seed(st.run(x), dy))
	dx := p.sums[x]
	if dx == nil {
		return
	}
	// The weights' gradients come first: they hold values of this stretch that would stay alive until they are done.
	dx = After(dx, weights...)
	if p.targets[st.x] {
		p.sum(st.x, dx)
	} else {
		p.add(seed(st.x, dx))
	}
}

// seed is a scalar whose gradient by y is dy; its value means nothing.
func seed(y, dy *graph.Node) *graph.Node {
	return graph.ReduceAllSum(graph.IdentityWithCustomGradient(y, func(_, _ *graph.Node) *graph.Node { return dy }))
}

// add adds the gradients of a scalar by the targets that it depends on, and returns those sums.
func (p *pull) add(scalar *graph.Node) []*graph.Node {
	found := p.find(scalar, nil, map[*graph.Node]bool{})
	if len(found) == 0 {
		return nil
	}
	var sums []*graph.Node
	for i, g := range graph.Gradient(scalar, found...) {
		sums = append(sums, p.sum(found[i], g))
	}
	return sums
}

func (p *pull) sum(target, g *graph.Node) *graph.Node {
	if before := p.sums[target]; before != nil {
		g = graph.Add(before, g)
	}
	p.sums[target] = g
	return g
}

// find lists the targets on which n depends; what lies behind a target is no longer asked.
func (p *pull) find(n *graph.Node, found []*graph.Node, seen map[*graph.Node]bool) []*graph.Node {
	if seen[n] {
		return found
	}
	seen[n] = true
	if p.targets[n] {
		return append(found, n)
	}
	for _, in := range n.Inputs() {
		found = p.find(in, found, seen)
	}
	return found
}
