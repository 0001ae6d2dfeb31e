package quant

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The table finds what a search of all bounds finds: for values around every bound and every edge of a cell, and any others.
func TestCodesByTable(t *testing.T) {
	check := func(x float32) {
		t.Helper()
		if got, want := code(x), codeOf(x, 0, len(bounds)); got != want {
			t.Fatalf("code of %v is %d, want %d", x, got, want)
		}
	}
	around := func(x float32) {
		low, high := x, x
		for range 1000 {
			check(low)
			check(high)
			low, high = math.Nextafter32(low, -2), math.Nextafter32(high, 2)
		}
	}
	for _, b := range bounds {
		around(b)
		// A cell's number is rounded by less than 2^-23 of 2: no bound may lie so near to an edge.
		if edge := float64(b+1) * cellCount / 2; math.Abs(edge-math.Round(edge)) < 1e-4 {
			t.Errorf("bound %v lies at the edge of a cell", b)
		}
	}
	for i := range cellCount + 1 {
		around(float32(i)/(cellCount/2) - 1)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1 << 20 {
		check(2*rng.Float32() - 1)
	}
	for _, x := range []float32{-1, 0, 1, -1.0000001, 1.0000001, 1e-45, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
		check(x)
	}
}

func BenchmarkQuantise(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 1<<24)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	var p packer
	b.SetBytes(int64(len(values)))
	for b.Loop() {
		p.pack(values, []int{1 << 12, 1 << 12}, "BF16", true)
	}
}
