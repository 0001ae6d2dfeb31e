//go:build xla && cgo && linux

package target_test

import (
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/target"
)

func TestCompile(t *testing.T) {
	path := os.Getenv("FETTLE_PJRT_CUDA")
	if path == "" {
		t.Skip("no plugin")
	}
	for _, name := range target.Names() {
		s, err := target.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := target.Open(s, path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := graph.NewExec(d.Backend, func(x, y *graph.Node) *graph.Node { return graph.Tanh(graph.Dot(x, y).Product()) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Compile(shapes.Make(dtypes.Float32, 1024, 1024), shapes.Make(dtypes.Float32, 1024, 2048)); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", name, d.Last())
		if _, err := e.Call(float32(1), float32(1)); err == nil {
			t.Error("ran")
		} else {
			t.Log(err)
		}
	}
}
