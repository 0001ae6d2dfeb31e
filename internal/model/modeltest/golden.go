package modeltest

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/safetensors"
)

// Golden is an open file of reference tensors.
type Golden struct {
	*safetensors.File
	t testing.TB
}

// Open opens one until the test ends.
func Open(t testing.TB, path string) Golden {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return Golden{f, t}
}

// Floats reads a tensor's values.
func (g Golden) Floats(name string) []float32 {
	g.t.Helper()
	v, err := g.Float32(name)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

// Ints reads an integer tensor as an int32 tensor of the same shape.
func (g Golden) Ints(name string) *tensors.Tensor {
	g.t.Helper()
	v, err := g.Int64(name)
	if err != nil {
		g.t.Fatal(err)
	}
	out := make([]int32, len(v))
	for i := range v {
		out[i] = int32(v[i])
	}
	info, _ := g.Info(name)
	return tensors.FromFlatDataAndDimensions(out, info.Shape...)
}
