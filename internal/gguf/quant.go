package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"fettle/internal/safetensors"
)

const blockSize = 32 // of every quantised type here (QK4_0 and its like in ggml)

// Encode stores values of whole rows, bit for bit as the reference codec (gguf-py 0.19 quants.py, ggml's *_ref functions).
// Values that are not finite are refused: a block with one would lose all its values.
func Encode(t Type, values []float32) ([]byte, error) {
	for i, v := range values {
		if v-v != 0 {
			return nil, fmt.Errorf("encode %s: value %d is %v", t, i, v)
		}
	}
	if d, ok := plain[t]; ok {
		return safetensors.Encode(d, values)
	}
	pack := packers[t]
	if pack == nil || len(values)%blockSize != 0 {
		return nil, fmt.Errorf("encode %s: %d values are no whole blocks of a known type", t, len(values))
	}
	size := traits[t].bytes
	out := make([]byte, t.Size(len(values)))
	for i := 0; i*blockSize < len(values); i++ {
		block := out[i*size : (i+1)*size]
		pack(block, values[i*blockSize:(i+1)*blockSize])
		if scale := half(block); math.IsInf(float64(scale), 0) || t == Q4_1 && math.IsInf(float64(half(block[2:])), 0) {
			return nil, fmt.Errorf("encode %s: values %d to %d are too large for a scale in float16: take bf16 or f32", t, i*blockSize, (i+1)*blockSize-1)
		}
	}
	return out, nil
}

// Decode gives the values that stored bytes stand for.
func Decode(t Type, data []byte) ([]float32, error) {
	if d, ok := plain[t]; ok {
		return safetensors.Decode(d, data)
	}
	unpack, size := unpackers[t], traits[t].bytes
	if unpack == nil || len(data)%size != 0 {
		return nil, fmt.Errorf("decode %s: %d bytes are no whole blocks of a known type", t, len(data))
	}
	out := make([]float32, len(data)/size*blockSize)
	for i := 0; i*size < len(data); i++ {
		unpack(out[i*blockSize:(i+1)*blockSize], data[i*size:(i+1)*size])
	}
	return out, nil
}

var plain = map[Type]safetensors.DType{F32: safetensors.F32, F16: safetensors.F16, BF16: safetensors.BF16}

var packers = map[Type]func(dst []byte, x []float32){
	Q8_0: packQ8, Q4_1: packQ41,
	Q4_0: func(dst []byte, x []float32) { packSigned(dst, x, 8) },
	Q5_0: func(dst []byte, x []float32) { packSigned(dst, x, 16) },
}

var unpackers = map[Type]func(dst []float32, b []byte){Q8_0: unpackQ8, Q4_0: unpackQ40, Q4_1: unpackQ41, Q5_0: unpackQ50}

// inverse is 1/d, 0 for 0.
func inverse(d float32) float32 {
	if d == 0 {
		return 0
	}
	return 1 / d
}

// putHalf and half keep scales as float16; one that is too large for it becomes infinite, which Encode refuses.
func putHalf(dst []byte, v float32) {
	b, err := safetensors.Encode(safetensors.F16, []float32{v})
	if err != nil {
		b = []byte{0x00, 0x7c}
	}
	copy(dst, b)
}

func half(b []byte) float32 {
	var v [1]float32
	safetensors.DecodeInto(v[:], safetensors.F16, b[:2])
	return v[0]
}

// packQ8: scale max|x|/127, values rounded half away from zero.
func packQ8(dst []byte, x []float32) {
	var most float32
	for _, v := range x {
		most = max(most, float32(math.Abs(float64(v))))
	}
	d := most / 127
	id := inverse(d)
	putHalf(dst, d)
	for i, v := range x {
		dst[2+i] = byte(int8(math.Round(float64(v * id))))
	}
}

func unpackQ8(dst []float32, b []byte) {
	d := half(b)
	for i := range dst {
		dst[i] = float32(int8(b[2+i])) * d
	}
}

// packSigned is Q4_0 (zero at 8) and Q5_0 (zero at 16): the value of greatest size, whatever its sign, becomes -zero.
func packSigned(dst []byte, x []float32, zero int) {
	var most, at float32
	for _, v := range x {
		if a := float32(math.Abs(float64(v))); a > most {
			most, at = a, v
		}
	}
	d := at / -float32(zero)
	id := inverse(d)
	putHalf(dst, d)
	var q [blockSize]byte
	for i, v := range x {
		q[i] = level(float32(v*id)+float32(zero)+0.5, 2*zero-1)
	}
	if zero == 16 {
		putFifth(dst[2:6], q[:])
		dst = dst[4:]
	}
	putNibbles(dst[2:18], q[:])
}

// packQ41 spreads 16 levels from the least value to the greatest.
func packQ41(dst []byte, x []float32) {
	least, most := x[0], x[0]
	for _, v := range x {
		least, most = min(least, v), max(most, v)
	}
	d := (most - least) / 15
	id := inverse(d)
	putHalf(dst, d)
	putHalf(dst[2:], least)
	var q [blockSize]byte
	for i, v := range x {
		q[i] = level(float32((v-least)*id)+0.5, 15)
	}
	putNibbles(dst[4:20], q[:])
}

// level cuts off the fraction and keeps to 0..most.
func level(v float32, most int) byte { return byte(min(max(int(v), 0), most)) }

// putNibbles: byte j holds value j in its low half and value j+16 in its high half.
func putNibbles(dst, q []byte) {
	for j := range dst {
		dst[j] = q[j]&15 | q[j+len(dst)]<<4
	}
}

// putFifth gathers the fifth bits, value i at bit i.
func putFifth(dst, q []byte) {
	var bits uint32
	for i, v := range q {
		bits |= uint32(v>>4) << i
	}
	binary.LittleEndian.PutUint32(dst, bits)
}

// nibble is value i of a block.
func nibble(qs []byte, i int) byte {
	if i < len(qs) {
		return qs[i] & 15
	}
	return qs[i-len(qs)] >> 4
}

func unpackQ40(dst []float32, b []byte) {
	d := half(b)
	for i := range dst {
		dst[i] = d * float32(int(nibble(b[2:18], i))-8)
	}
}

func unpackQ41(dst []float32, b []byte) {
	d, m := half(b), half(b[2:])
	for i := range dst {
		dst[i] = float32(d*float32(nibble(b[4:20], i))) + m
	}
}

func unpackQ50(dst []float32, b []byte) {
	d, high := half(b), binary.LittleEndian.Uint32(b[2:])
	for i := range dst {
		q := nibble(b[6:22], i) | byte(high>>i&1)<<4
		dst[i] = d * float32(int(q)-16)
	}
}
