package backend_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/backend/fewrows"
)

func TestOpen(t *testing.T) {
	tests := []struct{ name, resolved, why string }{
		{"go", "go", "as the settings ask"},
		{"auto", "", "backend "}, // whatever works here: in a build with XLA, what is installed
		{"", "", "backend "},
	}
	for _, tt := range tests {
		b, err := backend.Open(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if tt.resolved == "" {
			if tt.resolved, err = backend.Resolve(tt.name); err != nil {
				t.Fatal(err)
			}
		}
		if b.Name != tt.resolved || !strings.Contains(b.Why, tt.why) || strings.Contains(b.Why, "\n") {
			t.Errorf("Open(%q) = %q, %q", tt.name, b.Name, b.Why)
		}
	}
	if _, err := backend.Open("abacus"); err == nil || !strings.Contains(err.Error(), "want one of") {
		t.Errorf("an unknown name gave %v", err)
	}
}

// What auto was resolved to is opened by its name, and the line still says why auto took it.
func TestOpenAs(t *testing.T) {
	resolved, err := backend.Resolve(backend.Auto)
	if err != nil {
		t.Fatal(err)
	}
	for setting, asked := range map[string]bool{backend.Auto: false, "": false, resolved: true} {
		b, err := backend.OpenAs(setting, resolved)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Finalize()
		if b.Name != resolved || strings.HasSuffix(b.Why, "as the settings ask") != asked {
			t.Errorf("OpenAs(%q, %q) = %q, %q", setting, resolved, b.Name, b.Why)
		}
	}
}

// The Go backend multiplies few rows by the product that promises a row the same bits alone and beside others: the library's own
// adds them in another order.
func TestGoHasTheProductOfFewRows(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	const rows, n, k = 16, 500, 333
	x, w := make([]float32, rows*k), make([]float32, n*k)
	for _, list := range [][]float32{x, w} {
		for i := range list {
			list[i] = float32(math.Sin(float64(i*i%7919) + float64(len(list))))
		}
	}
	product := func(x []float32) []float32 {
		out, err := graph.CallOnce(b.Backend, func(x, w *graph.Node) *graph.Node {
			return graph.DotGeneral(x, []int{1}, nil, w, []int{1}, nil)
		}, tensors.FromFlatDataAndDimensions(x, len(x)/k, k), tensors.FromFlatDataAndDimensions(w, n, k))
		if err != nil {
			t.Fatal(err)
		}
		flat, err := tensors.CopyFlatData[float32](out)
		if err != nil {
			t.Fatal(err)
		}
		return flat
	}
	all, differ := product(x), 0
	for i := range rows {
		if !slices.Equal(product(x[i*k:(i+1)*k]), all[i*n:(i+1)*n]) {
			differ++
		}
	}
	if differ > 0 && fewrows.Install() { // not where vectors are emulated
		t.Errorf("%d of %d rows are others beside others: the product is the library's", differ, rows)
	}
}
