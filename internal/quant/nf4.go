package quant

import (
	"math"

	"fettle/internal/ranges"
)

// Block is how many weights share one absmax in 4 bits.
const Block = 64

// NF4 holds the values of the 16 codes: quantiles of a normal distribution, scaled to [-1, 1].
var NF4 = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
	-0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

// bounds[i] is the largest value that still rounds to code i: the midpoint to the next one, in float32.
var bounds = func() (b [15]float32) {
	for i := range b {
		b[i] = (NF4[i] + NF4[i+1]) / 2
	}
	return b
}()

const zeroCode = 7

// tiny is where bitsandbytes takes a block for zeros; it is also the absmax that a partial block of zeros gets.
const tiny = 1e-38

// code is the index of the nearest NF4 value; a midpoint goes down.
func code(x float32) byte {
	if !(x >= -1 && x <= 1) { // a partial block's quotient may be rounded beyond; and what is no number is nearest to none
		return codeOf(x, 0, len(bounds))
	}
	c := &cells[int((x+1)*(cellCount/2))]
	if x > c.bound {
		return c.code + 1
	}
	return c.code
}

// codeOf searches codes lo to hi.
func codeOf(x float32, lo, hi int) byte {
	for lo < hi {
		if mid := (lo + hi) / 2; x > bounds[mid] {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return byte(lo)
}

// cells cut [-1, 1] so finely that each holds one bound at most, and none lies so near to a cell's edge that rounding could
// count a value beside it to the other cell: a test shows both.
const cellCount = 256

type cell struct {
	code  byte    // below the bound
	bound float32 // the first above where the cell begins
}

var cells = func() (all [cellCount + 1]cell) {
	for i := range all {
		code := codeOf(float32(i)/(cellCount/2)-1, 0, len(bounds))
		all[i] = cell{code, 2}
		if int(code) < len(bounds) {
			all[i].bound = bounds[code]
		}
	}
	return all
}()

// Quantise packs values into NF4: two codes a byte, the first in the high half, and the absmax of every block of 64. Whole
// blocks are multiplied by 1/absmax, a partial one at the end is divided by it; an odd count is filled up with code 7.
func Quantise(values []float32) (packed []byte, absmax []float32) {
	packed, absmax = make([]byte, (len(values)+1)/2), make([]float32, blocks(len(values), Block))
	quantise(values, packed, absmax)
	return packed, absmax
}

// quantise fills packed, half a byte a value, and absmax, one a block, on all processors.
func quantise(values []float32, packed []byte, absmax []float32) {
	ranges.Each(len(absmax), 1<<10, func(from, to int) {
		codes := make([]byte, Block)
		for b := from; b < to; b++ {
			block := values[b*Block : min((b+1)*Block, len(values))]
			absmax[b] = quantiseBlock(codes, block)
			pack(packed[b*Block/2:], codes[:len(block)])
		}
	})
}

// pack lays two codes into a byte.
func pack(packed, codes []byte) {
	for i := 0; i < len(codes); i += 2 {
		low := byte(zeroCode)
		if i+1 < len(codes) {
			low = codes[i+1]
		}
		packed[i/2] = codes[i]<<4 | low
	}
}

func quantiseBlock(codes []byte, block []float32) float32 {
	top := largest(block)
	if len(block) < Block {
		top = max(top, tiny)
		for i, v := range block {
			codes[i] = code(v / top)
		}
		return top
	}
	inverse := float32(0)
	if top > tiny {
		inverse = 1 / top
	}
	for i, v := range block {
		codes[i] = code(v * inverse)
	}
	return top
}

// Dequantise undoes Quantise: n values by the given 16 (a file brings its own).
func Dequantise(packed []byte, absmax []float32, values [16]float32, n int) []float32 {
	return dequantise(packed, absmax, values, n, Block)
}

func dequantise(packed []byte, absmax []float32, values [16]float32, n, block int) []float32 {
	out := make([]float32, n)
	for i := range out {
		nibble := packed[i/2]
		if i%2 == 0 {
			nibble >>= 4
		}
		out[i] = values[nibble&15] * absmax[i/block]
	}
	return out
}

// largest is the largest absolute value, NaN where there is one: as whole numbers, bits without the sign are in that order.
func largest(values []float32) float32 {
	top := uint32(0)
	for _, v := range values {
		top = max(top, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(top)
}

func blocks(n, size int) int { return (n + size - 1) / size }
