package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Scope supplies a graph with weights and lets others change what linear layers compute.
type Scope struct {
	// Param gives the node of a parameter by its Hugging Face name.
	Param func(name string) *graph.Node
	// Adapt gets the input x [batch·seq, in] and output y = W x (+ bias) [batch·seq, out] of the Linear `module` and
	// returns what takes y's place (y plus LoRA, say). nil = none.
	Adapt func(module string, x, y *graph.Node) *graph.Node
	// Base, where it does not return nil, computes W x for a Linear whose weight is no plain float matrix (NF4); the bias
	// comes on top. It must not let gradients reach the weight. nil = all weights are plain.
	Base func(module string, x *graph.Node) *graph.Node
	// Fixed says of which parameters no gradient is taken; nil = of none. They are read where they lie: what prepares a gradient
	// copies its input on the Go backend, and the copy lives to the backward pass.
	Fixed func(param *graph.Node) bool
	// Compute is the type that activations are computed in; the zero value means Float32.
	Compute dtypes.DType
	// Remat recomputes each layer's inner values in the backward pass: less memory, about a third more time. Gradients are
	// then taken by Scope.Gradient.
	Remat bool
	// Trace sees the residual stream: the input of layer 0, 1, ..., then the output of the last. nil = nobody looks.
	Trace func(layer int, x *graph.Node)

	stretches []stretch
	pulling   bool
	part      int
}

// ParamsOf makes Scope.Param out of nodes by name.
func ParamsOf(nodes map[string]*graph.Node) func(name string) *graph.Node {
	return func(name string) *graph.Node {
		n := nodes[name]
		if n == nil {
			panic("model: no weight node " + name)
		}
		return n
	}
}

// Batch is one batch of rows of equal length, int32 [batch, seq].
type Batch struct {
	Tokens *graph.Node
	// Positions count from 0 in each document; nil = 0, 1, 2, ... in every row.
	Positions *graph.Node
	// Segments lets position i see j <= i only where both hold the same number; padding is a segment of its own (0).
	// nil = every row is one segment.
	Segments *graph.Node
}

// Inference is Scope.Fixed of a graph without gradients.
func Inference(*graph.Node) bool { return true }

func (s *Scope) fixed(param *graph.Node) bool { return s.Fixed != nil && s.Fixed(param) }

func (s *Scope) compute() dtypes.DType { return or(s.Compute, dtypes.Float32) }
