//go:build goexperiment.simd

package fewrows_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"simd"
	"slices"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/fewrows"
)

// The library's own form decides whether the product finds its place: a version with another one is seen here.
func TestInstall(t *testing.T) {
	if !fewrows.Install() && !simd.Emulated() {
		t.Error("the products of few rows are not in the Go backend's")
	}
}

// Every shape that could lie at an edge: of vectors, of blocks of four rows, of the runs that cores share, of what the library
// calls small (4 million products).
func TestProducts(t *testing.T) {
	fewrows.Install()
	for _, d := range []struct{ batch, m, n, k int }{
		{1, 1, 1, 1}, {1, 1, 3, 5}, {1, 1, 4, 16}, {1, 3, 7, 17}, {2, 3, 65, 31}, {4, 3, 130, 64}, {4, 3, 64, 130}, {1, 2, 257, 48},
		{1, 1, 2048, 768}, {1, 5, 768, 2048}, {1, 16, 640, 300}, {1, 17, 640, 300}, {1, 1, 5000, 1024}, {3, 4, 129, 100}, {12, 1, 96, 64},
	} {
		for _, turned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%dx%dx%dx%d turned %v", d.batch, d.m, d.n, d.k, turned), func(t *testing.T) {
				x, w := numbers(d.batch*d.m*d.k, 1), numbers(d.batch*d.n*d.k, 2)
				got := product(t, turned, x, w, d.batch, d.m, d.n, d.k)
				for i, want := range naive(turned, x, w, d.batch, d.m, d.n, d.k) {
					if math.Abs(float64(got[i])-want) > 1e-5*math.Sqrt(float64(d.k)) {
						t.Fatalf("element %d is %v, want %v", i, got[i], want)
					}
				}
			})
		}
	}
}

// A row is the same bits alone and beside any others.
func TestRowsAlone(t *testing.T) {
	if !fewrows.Install() {
		t.Skip("no vectors here")
	}
	const n, k = 1000, 333
	if fewrows.Most < 16 {
		t.Errorf("%d rows are few: 16 clients would be answered by the library's product", fewrows.Most)
	}
	x, w := numbers(fewrows.Most*k, 3), numbers(n*k, 4)
	for _, turned := range []bool{false, true} {
		all := product(t, turned, x, w, 1, fewrows.Most, n, k)
		for i := range fewrows.Most {
			if alone := product(t, turned, x[i*k:(i+1)*k], w, 1, 1, n, k); !slices.Equal(alone, all[i*n:(i+1)*n]) {
				t.Errorf("turned %v: row %d is another beside others", turned, i)
			}
		}
	}
}

func numbers(n int, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.NormFloat64())
	}
	return out
}

// product asks the Go backend, as a graph does.
func product(t *testing.T, turned bool, x, w []float32, batch, m, n, k int) []float32 {
	t.Helper()
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	shape, axis := []int{batch, k, n}, 1
	if turned {
		shape, axis = []int{batch, n, k}, 2
	}
	out, err := graph.CallOnce(b, func(x, w *graph.Node) *graph.Node {
		return graph.DotGeneral(x, []int{2}, []int{0}, w, []int{axis}, []int{0})
	}, tensors.FromFlatDataAndDimensions(x, batch, m, k), tensors.FromFlatDataAndDimensions(w, shape...))
	if err != nil {
		t.Fatal(err)
	}
	flat, err := tensors.CopyFlatData[float32](out)
	if err != nil {
		t.Fatal(err)
	}
	return flat
}

func naive(turned bool, x, w []float32, batch, m, n, k int) []float64 {
	out := make([]float64, 0, batch*m*n)
	for b := range batch {
		for i := range m {
			for j := range n {
				var s float64
				for at := range k {
					at2 := at*n + j
					if turned {
						at2 = j*k + at
					}
					s += float64(x[(b*m+i)*k+at]) * float64(w[b*n*k+at2])
				}
				out = append(out, s)
			}
		}
	}
	return out
}
