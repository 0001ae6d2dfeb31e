package gguf_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/gguf"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// Every block type gives the bytes and the values of the reference codec.
func TestQuantVectors(t *testing.T) {
	f, err := safetensors.Open(shared.Path(t, "golden/models/gguf/quant_vectors.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compared := 0
	for _, name := range f.Names() {
		base, ok := strings.CutSuffix(name, ".dequant")
		if !ok {
			continue
		}
		dot := strings.LastIndex(base, ".")
		typ, err := gguf.ParseType(base[dot+1:])
		if err != nil {
			t.Fatal(err)
		}
		source, err := f.Float32(base[:dot] + ".source")
		if err != nil {
			t.Fatal(err)
		}
		got, err := gguf.Encode(typ, source)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := f.Bytes(base)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", base, diff)
		}
		values, err := gguf.Decode(typ, want)
		if err != nil {
			t.Fatal(err)
		}
		wantValues, _ := f.Float32(name)
		if diff := cmp.Diff(wantValues, values); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		compared++
	}
	if compared == 0 {
		t.Error("no vector was compared")
	}
}

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		values []float32
	}{
		{"NaN", append(make([]float32, 31), float32(math.NaN()))},
		{"infinity", append(make([]float32, 31), float32(math.Inf(-1)))},
		{"a part of a block", make([]float32, 33)},
		{"a scale beyond float16", append(make([]float32, 31), 1e8)},
	}
	for _, tt := range tests {
		for _, kind := range []gguf.Type{gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q8_0} {
			if _, err := gguf.Encode(kind, tt.values); err == nil {
				t.Errorf("%s was encoded as %s", tt.name, kind)
			}
		}
	}
	if _, err := gguf.Encode(gguf.F16, []float32{70000}); err == nil {
		t.Error("70000 was encoded as F16")
	}
}

// Half a step is the most that rounding moves a value, a step for the types whose scale follows the sign of the largest.
func TestRoundingBound(t *testing.T) {
	values := make([]float32, 64)
	for i := range values {
		values[i] = float32(math.Sin(float64(i*i))) * 3
	}
	for typ, steps := range map[gguf.Type]float64{gguf.Q8_0: 127, gguf.Q5_0: 16, gguf.Q4_0: 8, gguf.Q4_1: 7.5} {
		raw, err := gguf.Encode(typ, values)
		if err != nil {
			t.Fatal(err)
		}
		back, err := gguf.Decode(typ, raw)
		if err != nil {
			t.Fatal(err)
		}
		for i := range values {
			if d := math.Abs(float64(back[i] - values[i])); d > 3.02/steps {
				t.Errorf("%s: %v became %v", typ, values[i], back[i])
			}
		}
	}
}
