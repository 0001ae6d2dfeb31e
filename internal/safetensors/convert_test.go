package safetensors_test

import (
	"math"
	"runtime"
	"testing"

	"fettle/internal/safetensors"
)

// What many processors convert is each value in its place, in every width.
func TestDecodeOnManyProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	values := make([]float32, 4<<18+3)
	for i := range values {
		values[i] = float32(i % 251) // exact in 8 bits of mantissa, and of no period that fits a range
	}
	for _, d := range []safetensors.DType{safetensors.F32, safetensors.F16, safetensors.BF16} {
		data, err := safetensors.Encode(d, values)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(values))
		for i := range got {
			got[i] = float32(math.NaN())
		}
		safetensors.DecodeInto(got, d, data)
		for i, want := range values {
			if got[i] != want {
				t.Fatalf("%s: value %d of %d is %v, want %v", d, i, len(values), got[i], want)
			}
		}
	}
}
