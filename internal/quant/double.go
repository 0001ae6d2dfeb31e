package quant

// Nested is an absmax vector in 8 bits: double quantisation takes off the mean and codes the rest by the signed map.
type Nested struct {
	Codes  []byte
	AbsMax []float32 // one for each 256 codes
	Offset float32
}

// Nest quantises the absmax of NF4 blocks.
func Nest(absmax []float32) Nested {
	n := Nested{Offset: mean(absmax)}
	rest := make([]float32, len(absmax))
	for i, v := range absmax {
		rest[i] = v - n.Offset
	}
	n.Codes, n.AbsMax = Signed.Quantise(rest)
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
