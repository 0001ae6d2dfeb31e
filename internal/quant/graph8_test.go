package quant_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/quant"
)

// Codes of the graph equal those of the host: midpoints, zeros, a partial block.
func TestCodesInTheGraph(t *testing.T) {
	values := make([]float32, 3*quant.Block8)
	for i := range 2 * quant.Block8 {
		values[i] = float32(math.Sin(float64(i)*1.7)) * float32(math.Pow(10, float64(i%9)-7))
	}
	for name, m := range map[string]*quant.Map8{"signed": &quant.Signed, "unsigned": &quant.Unsigned} {
		x := slices.Clone(values)
		for i := 1; i < quant.Block8; i++ { // midpoints of a block whose absmax is 1
			x[i] = (m[i] + m[i-1]) / 2
		}
		x[0] = 1
		e := graph.MustNewExec(backendtest.Open(t).Backend, func(x *graph.Node) []*graph.Node {
			codes, absmax := m.Codes(x)
			return []*graph.Node{codes, absmax, m.Node(codes, absmax)}
		})
		out, err := e.Call(tensors.FromFlatDataAndDimensions(x, 3, quant.Block8))
		if err != nil {
			t.Fatal(err)
		}
		codes, absmax := m.Quantise(x)
		if diff := cmp.Diff(codes, tensors.MustCopyFlatData[uint8](out[0])); diff != "" {
			t.Errorf("%s: codes %s", name, diff)
		}
		if diff := cmp.Diff(absmax, tensors.MustCopyFlatData[float32](out[1])); diff != "" {
			t.Errorf("%s: absmax %s", name, diff)
		}
		if diff := cmp.Diff(m.Dequantise(codes, absmax, quant.Block8), tensors.MustCopyFlatData[float32](out[2])); diff != "" {
			t.Errorf("%s: values %s", name, diff)
		}
	}
}
