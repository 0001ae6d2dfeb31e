package quant_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/model/modeltest"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

type golden struct {
	modeltest.Golden
	t testing.TB
}

func open(t testing.TB, path string) golden { return golden{modeltest.Open(t, path), t} }

func (g golden) bytes(name string) []byte {
	g.t.Helper()
	v, err := g.Bytes(name)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

// cases are the names that end in suffix, without it.
func (g golden) cases(suffix string) []string {
	var names []string
	for _, name := range g.Names() {
		if c, ok := strings.CutSuffix(name, suffix); ok {
			names = append(names, c)
		}
	}
	return names
}

func TestNF4BytesEqualBitsandbytes(t *testing.T) {
	g := open(t, shared.Path(t, "golden/models/qlora/nf4_vectors.safetensors"))
	if want := g.Floats("quant_map"); !slices.Equal(quant.NF4[:], want) {
		t.Errorf("NF4 values %v, want %v", quant.NF4, want)
	}
	if want := g.Floats("nested_quant_map"); !slices.Equal(quant.Signed[:], want) {
		t.Errorf("signed map differs")
	}
	for _, c := range g.cases(".source") {
		t.Run(c, func(t *testing.T) {
			info, _ := g.Info(c + ".source")
			source := g.Floats(c + ".source")
			packed, absmax := quant.Quantise(source)
			if diff := cmp.Diff(g.bytes(c+".nf4.packed"), packed); diff != "" {
				t.Errorf("packed (-want +got):\n%.500s", diff)
			}
			if diff := cmp.Diff(g.Floats(c+".nf4.absmax"), absmax); diff != "" {
				t.Errorf("absmax (-want +got):\n%.500s", diff)
			}
			equalRounded(t, g, c+".nf4.dequant", info.DType, quant.Dequantise(packed, absmax, quant.NF4, len(source)))
			n := quant.Nest(absmax)
			if diff := cmp.Diff(g.bytes(c+".nf4dq.absmax_nearest"), n.Codes); diff != "" {
				t.Errorf("nested codes (-want +got):\n%.500s", diff)
			}
			if diff := cmp.Diff(g.Floats(c+".nf4dq.nested_absmax"), n.AbsMax); diff != "" {
				t.Errorf("nested absmax (-want +got):\n%.500s", diff)
			}
			if want := g.Floats(c + ".nf4dq.nested_offset")[0]; want != n.Offset {
				t.Errorf("nested offset %v, want %v", n.Offset, want)
			}
			n.Codes = g.bytes(c + ".nf4dq.absmax") // as the reference stored it
			equalRounded(t, g, c+".nf4dq.dequant", info.DType, quant.Dequantise(packed, n.Unnest(&quant.Signed, quant.Block8), quant.NF4, len(source)))
		})
	}
}

// equalRounded compares values, rounded to the stored type, with the golden bytes.
func equalRounded(t *testing.T, g golden, name string, d safetensors.DType, values []float32) {
	t.Helper()
	got, err := safetensors.Encode(d, values)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, g.bytes(name)) {
		back, _ := safetensors.Decode(d, got)
		t.Errorf("%s (-want +got):\n%.500s", name, cmp.Diff(g.Floats(name), back))
	}
}

func TestBlockwise8CodesAreNearest(t *testing.T) {
	g := open(t, shared.Path(t, "golden/models/qlora/blockwise8_vectors.safetensors"))
	maps := map[string]*quant.Map8{"signed": &quant.Signed, "unsigned": &quant.Unsigned}
	for _, c := range g.cases(".q_nearest") {
		t.Run(c, func(t *testing.T) {
			name, kind, _ := strings.Cut(c, ".")
			m := maps[kind]
			if want := g.Floats("dynamic_map_" + kind); !slices.Equal(m[:], want) {
				t.Fatalf("%s map differs", kind)
			}
			codes, absmax := m.Quantise(g.Floats(name + ".source"))
			if diff := cmp.Diff(g.bytes(c+".q_nearest"), codes); diff != "" {
				t.Errorf("codes (-want +got):\n%.800s", diff)
			}
			if diff := cmp.Diff(g.Floats(c+".absmax"), absmax); diff != "" {
				t.Errorf("absmax (-want +got):\n%.500s", diff)
			}
			info, _ := g.Info(name + ".source")
			equalRounded(t, g, c+".dequant", info.DType, m.Dequantise(g.bytes(c+".q"), absmax, quant.Block8))
		})
	}
}
