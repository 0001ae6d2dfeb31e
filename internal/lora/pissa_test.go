package lora_test

import (
	"math"
	"testing"

	"fettle/internal/lora"
	"fettle/internal/model/modeltest"
)

// The start takes the principal part: what is left of the weight is orthogonal to it, and its largest singular value (by
// power iteration) is no larger than the smallest that was taken. A rank above the matrix's own takes all of it.
func TestPiSSATakesThePrincipalPart(t *testing.T) {
	m, base := tiny(t, true)
	const module, width = "model.layers.0.self_attn.q_proj", 16
	for _, rank := range []int{1, 4, 16, 20} {
		a, err := lora.New(m, lora.Config{Rank: rank, Alpha: 5, Targets: []string{module}, Init: lora.PiSSA}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Attach(lora.Plain(base)); err != nil {
			t.Fatal(err)
		}
		left, err := a.Residual(base)
		if err != nil {
			t.Fatal(err)
		}
		r := modeltest.Flat(t, left[module+".weight"])
		A, B := modeltest.Flat(t, a.Weights[lora.NameA(module)]), modeltest.Flat(t, a.Weights[lora.NameB(module)])
		smallest := math.Inf(1)
		for i := range rank {
			var out, in, product float64
			for k := range width {
				in += float64(A[i*width+k]) * float64(A[i*width+k])
				out += float64(B[k*rank+i]) * float64(B[k*rank+i])
			}
			for row := range width {
				sum := 0.0
				for k := range width {
					sum += float64(r[row*width+k]) * float64(A[i*width+k])
				}
				product = max(product, math.Abs(sum))
			}
			if product > 1e-5 {
				t.Errorf("rank %d: what is left times direction %d is %.1e", rank, i, product)
			}
			smallest = min(smallest, 5/float64(rank)*math.Sqrt(in*out))
		}
		if largest := spectral(r, width); largest > smallest+1e-5 {
			t.Errorf("rank %d: what is left has a singular value of %v, above the %v that were taken", rank, largest, smallest)
		}
	}
}

// spectral is the largest singular value of a square matrix.
func spectral(w []float32, n int) (norm float64) {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1 + math.Sin(float64(i))
	}
	for range 500 {
		y, z := make([]float64, n), make([]float64, n)
		for i := range n {
			for k := range n {
				y[i] += float64(w[i*n+k]) * x[k]
			}
		}
		size := 0.0
		for k := range n {
			for i := range n {
				z[k] += float64(w[i*n+k]) * y[i]
			}
			size += z[k] * z[k]
		}
		if size = math.Sqrt(size); size < 1e-20 {
			return math.Sqrt(size)
		}
		for k := range n {
			x[k] = z[k] / size
		}
		norm = math.Sqrt(size)
	}
	return norm
}
