package quant

import "slices"

// Nested is an absmax vector in 8 bits: double quantisation takes off the mean and codes the rest by the signed map.
type Nested struct {
	Codes  []byte
	AbsMax []float32 // one for each 256 codes
	Offset float32
}

// Nest quantises the absmax of NF4 blocks.
func Nest(absmax []float32) Nested { return nest(slices.Clone(absmax)) }

// nest uses absmax up.
func nest(absmax []float32) Nested {
	n := Nested{Offset: mean(absmax)}
	for i := range absmax {
		absmax[i] -= n.Offset
	}
	n.Codes, n.AbsMax = Signed.Quantise(absmax)
	return n
}

// Unnest undoes Nest, by the map and the block size that a file brings.
func (n Nested) Unnest(values *Map8, block int) []float32 {
	out := values.Dequantise(n.Codes, n.AbsMax, block)
	for i := range out {
		out[i] += n.Offset
	}
	return out
}
