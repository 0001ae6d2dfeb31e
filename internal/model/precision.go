package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// f32 computes what follows in float32: norms, softmax and losses are, whatever Scope.Compute says.
func f32(x *graph.Node) *graph.Node {
	if x.DType() == dtypes.Float32 {
		return x
	}
	return graph.ConvertDType(x, dtypes.Float32)
}

// as converts x to the type of the other.
func as(x, other *graph.Node) *graph.Node {
	if x.DType() == other.DType() {
		return x
	}
	return graph.ConvertDType(x, other.DType())
}

// wide is DotGeneral with a float32 result: sums of products of half-precision values are not rounded.
func wide(x *graph.Node, xContract, xBatch []int, y *graph.Node, yContract, yBatch []int) *graph.Node {
	d := graph.Dot(x, y)
	if x.DType() != dtypes.Float32 {
		d = d.WithOutputDType(dtypes.Float32)
	}
	return d.General(xContract, xBatch, yContract, yBatch)
}
