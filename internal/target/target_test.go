//go:build xla && cgo && linux

package target_test

import (
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/attention"

	"fettle/internal/target"
)

// open gives a target's device, or leaves the test out where there is no plugin.
func open(t *testing.T, name string) *target.Device {
	t.Helper()
	if _, err := target.Plugin(""); err != nil {
		t.Skipf("left out: %v", err)
	}
	s, err := target.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Open(s, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// measure compiles one graph function.
func measure[F graph.ExecGraphFn](t *testing.T, d *target.Device, fn F, in ...shapes.Shape) target.Need {
	t.Helper()
	e, err := graph.NewExec(d.Backend, fn)
	if err != nil {
		t.Fatal(err)
	}
	needs, err := d.Measure([]target.Program{{Name: "test", Compile: func() error {
		_, err := e.Compile(in...)
		return err
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return needs[0]
}

func TestMemoryOfKnownProgram(t *testing.T) {
	for _, name := range target.Names() {
		n := measure(t, open(t, name), func(x, y *graph.Node) *graph.Node { return graph.Tanh(graph.Dot(x, y).Product()) },
			shapes.Make(dtypes.Float32, 1024, 1024), shapes.Make(dtypes.Float32, 1024, 2048))
		// [1024, 1024] and [1024, 2048] in, [1024, 2048] out, four bytes each; tanh works in place.
		if n.Arguments != 12<<20 || n.Outputs != 8<<20 || n.Peak < 20<<20 || n.Peak > 32<<20 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// Fused attention on bfloat16 is cuDNN's, forward and backward, and never holds a matrix of scores; on float32 it is not.
func TestAttentionIsCuDNNs(t *testing.T) {
	const batch, seq, heads, head = 1, 2048, 16, 64
	d := open(t, "h100")
	attend := func(q, k, v *graph.Node) []*graph.Node {
		o, _ := attention.Core(q, k, v, attention.LayoutBSHD, attention.CoreOptions{UseCausalMask: true})
		return graph.Gradient(graph.ReduceAllSum(o), q, k, v)
	}
	for _, tt := range []struct {
		dtype dtypes.DType
		calls int
	}{{dtypes.BFloat16, 2}, {dtypes.Float32, 0}} {
		in := shapes.Make(tt.dtype, batch, seq, heads, head)
		n := measure(t, d, attend, in, in, in)
		if n.CuDNN != tt.calls {
			t.Errorf("%s: %d calls of cuDNN, want %d", tt.dtype, n.CuDNN, tt.calls)
		}
		if scores := int64(batch * heads * seq * seq * 2); tt.calls > 0 && n.Temporaries > scores {
			t.Errorf("%s: %d bytes of temporaries: the scores alone are %d", tt.dtype, n.Temporaries, scores)
		}
	}
}

func TestNothingRuns(t *testing.T) {
	d := open(t, "h100")
	e, err := graph.NewExec(d.Backend, func(x *graph.Node) *graph.Node { return graph.Tanh(x) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Call(float32(1)); err == nil || !strings.Contains(err.Error(), "this device is not there") {
		t.Errorf("running gave %v", err)
	}
}
