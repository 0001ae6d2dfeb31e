package quant

import (
	"math"
	"slices"
	"sort"

	"fettle/internal/ranges"
)

// Block8 is how many values share one absmax in 8 bits.
const Block8 = 256

// Map8 holds the values of 256 codes in rising order.
type Map8 [256]float32

// Signed and Unsigned are the dynamic maps of bitsandbytes: a sign, an exponent of ten in unary, and what bits are left for a
// linear fraction. Unsigned spends the sign's bit on the fraction.
var (
	Signed   = dynamicMap(true)
	Unsigned = dynamicMap(false)
)

// dynamicMap follows create_dynamic_map in float32, as torch computes it.
func dynamicMap(signed bool) (m Map8) {
	values := []float32{0, 1}
	for exponent := range 7 {
		n := 1 << exponent
		if !signed {
			n *= 2
		}
		scale := float32(math.Pow10(exponent - 6))
		edges := linspace(0.1, 1, n+1)
		for i := range n {
			v := scale * ((edges[i] + edges[i+1]) / 2)
			values = append(values, v)
			if signed {
				values = append(values, -v)
			}
		}
	}
	slices.Sort(values)
	copy(m[:], values)
	return m
}

// linspace is torch's: counted from the nearer end, with one rounding of start + step·i.
func linspace(start, end float32, n int) []float32 {
	step := (end - start) / float32(n-1)
	out := make([]float32, n)
	for i := range out {
		if i < n/2 {
			out[i] = float32(float64(start) + float64(step)*float64(i))
		} else {
			out[i] = float32(float64(end) - float64(step)*float64(n-1-i))
		}
	}
	return out
}

// nearest is the code of the value nearest to x; a midpoint, rounded to float32, goes down.
func (m *Map8) nearest(x float32) byte {
	return byte(sort.Search(len(m)-1, func(i int) bool { return x <= (m[i]+m[i+1])/2 }))
}

// Quantise gives each value the nearest code of its block's absmax. A block of zeros gets the code of 0; a partial block
// at the end is divided by at least 1e-38.
func (m *Map8) Quantise(values []float32) (codes []byte, absmax []float32) {
	codes, absmax = make([]byte, len(values)), make([]float32, blocks(len(values), Block8))
	ranges.Each(len(absmax), 1<<8, func(first, end int) {
		for b := first; b < end; b++ {
			from, to := b*Block8, min((b+1)*Block8, len(values))
			absmax[b] = m.quantiseBlock(codes[from:to], values[from:to])
		}
	})
	return codes, absmax
}

func (m *Map8) quantiseBlock(codes []byte, values []float32) float32 {
	absmax := largest(values)
	top := absmax
	if len(values) < Block8 {
		top = max(top, tiny)
	}
	for i, v := range values {
		x := float32(0)
		if top > 0 {
			x = v / top
		}
		codes[i] = m.nearest(x)
	}
	return absmax
}

// Dequantise undoes Quantise.
func (m *Map8) Dequantise(codes []byte, absmax []float32, block int) []float32 {
	out := make([]float32, len(codes))
	for i, c := range codes {
		out[i] = m[c] * absmax[i/block]
	}
	return out
}
