package modeltest

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/model"
)

// Run compiles a graph over the weights of these names and further inputs, and runs it once.
func Run(t testing.TB, b backend.Backend, w model.Weights, names []string, fn func(s *model.Scope, in []*graph.Node) []*graph.Node, in ...*tensors.Tensor) []*tensors.Tensor {
	t.Helper()
	exec, err := graph.NewExec(b.Backend, func(all []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = all[i]
		}
		return fn(&model.Scope{Param: model.ParamsOf(nodes)}, all[len(names):])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var args []any
	for _, name := range names {
		args = append(args, w[name])
	}
	for _, x := range in {
		args = append(args, x)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Flat are a tensor's values.
func Flat(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	v, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
