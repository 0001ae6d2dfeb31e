package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"fettle/internal/ranges"
)

// Decode converts little-endian floats of any width to float32.
func Decode(d DType, data []byte) ([]float32, error) {
	if !d.Float() {
		return nil, fmt.Errorf("convert %s to float32: not a float type", d)
	}
	out := make([]float32, len(data)/d.Size())
	DecodeInto(out, d, data)
	return out, nil
}

// DecodeInto is Decode into other memory that is there already, on all processors; data must hold len(dst) floats of type d.
func DecodeInto(dst []float32, d DType, data []byte) {
	size := d.Size()
	ranges.Each(len(dst), alone, func(from, to int) { decode(dst[from:to], d, data[from*size:to*size]) })
}

func decode(dst []float32, d DType, data []byte) {
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
		}
	case F16:
		for i := range dst {
			dst[i] = f16ToF32(binary.LittleEndian.Uint16(data[2*i:]))
		}
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
	default:
		panic("safetensors: decode " + string(d))
	}
}

// Encode converts float32 to little-endian floats of type d, rounding to nearest even. A finite value that would become
// infinite is an error: a saved weight of infinity makes every answer NaN.
func Encode(d DType, values []float32) ([]byte, error) {
	out := make([]byte, 0, len(values)*d.Size())
	switch d {
	case F32:
		for _, v := range values {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	case BF16:
		for _, v := range values {
			h := f32ToBF16(v)
			if h&0x7fff == 0x7f80 && !isInf(v) {
				return nil, tooLarge(d, v, "3.39e38")
			}
			out = binary.LittleEndian.AppendUint16(out, h)
		}
	case F16:
		for _, v := range values {
			h := f32ToF16(v)
			if h&0x7fff == 0x7c00 && !isInf(v) {
				return nil, tooLarge(d, v, "65504")
			}
			out = binary.LittleEndian.AppendUint16(out, h)
		}
	default:
		return nil, fmt.Errorf("convert float32 to %s: want bf16, f16 or f32", d)
	}
	return out, nil
}

func isInf(v float32) bool { return math.IsInf(float64(v), 0) }

func tooLarge(d DType, v float32, most string) error {
	return fmt.Errorf("convert float32 to %s: %v would become infinite, the largest value is %s: save as bf16 or f32", strings.ToLower(string(d)), v, most)
}

// Ints converts little-endian integers of any width to int64.
func Ints(d DType, data []byte) ([]int64, error) {
	size := d.Size()
	if d.Float() || size == 0 || d == F8E4 || d == F8E5 {
		return nil, fmt.Errorf("convert %s to int64: not an integer type", d)
	}
	out := make([]int64, len(data)/size)
	signed := d == I8 || d == I16 || d == I32 || d == I64
	for i := range out {
		var v uint64
		for b := size - 1; b >= 0; b-- {
			v = v<<8 | uint64(data[i*size+b])
		}
		if signed {
			shift := 64 - 8*size
			out[i] = int64(v<<shift) >> shift
		} else {
			out[i] = int64(v)
		}
	}
	return out, nil
}

func f32ToBF16(v float32) uint16 {
	bits := math.Float32bits(v)
	if bits&0x7fffffff > 0x7f800000 { // NaN: rounding could carry into infinity
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

func f16ToF32(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24 is exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

func f32ToF16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, abs := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case abs < 0x38800000: // below 2^-14: subnormal, in units of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*0x1p24))
	}
	abs += 0xfff + abs>>13&1
	return sign | uint16(abs>>13-(112<<10))
}
