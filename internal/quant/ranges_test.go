package quant_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"fettle/internal/quant"
)

// What many processors quantise is what one after the other quantises block by block: no block is left out, or laid elsewhere.
func TestQuantiseOnManyProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	tests := []struct {
		name        string
		count, size int
		quantise    func([]float32) ([]byte, []float32)
	}{
		{"4 bits", 4<<10*quant.Block + 3*quant.Block + 7, quant.Block, quant.Quantise},
		{"8 bits", 4<<8*quant.Block8 + 3*quant.Block8 + 7, quant.Block8, quant.Signed.Quantise},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 8))
			values := make([]float32, tt.count)
			for i := range values {
				values[i] = float32(rng.NormFloat64())
			}
			var codes []byte
			var absmax []float32
			for block := range slices.Chunk(values, tt.size) {
				c, top := tt.quantise(block)
				codes, absmax = append(codes, c...), append(absmax, top...)
			}
			gotCodes, gotAbsmax := tt.quantise(values)
			if !bytes.Equal(gotCodes, codes) || !slices.Equal(gotAbsmax, absmax) {
				t.Error("together they are not what the blocks are alone")
			}
		})
	}
}
