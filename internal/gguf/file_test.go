package gguf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/gguf"
)

func sample() ([]gguf.KV, []gguf.Tensor) {
	meta := []gguf.KV{{"general.architecture", "llama"}, {"n", uint32(7)}, {"x", float32(0.5)}, {"yes", true}, {"big", uint64(1 << 40)},
		{"names", []string{"a", "", "ü"}}, {"ids", []int32{-1, 2}}, {"scores", []float32{1, -2}}}
	values := []float32{1, 2, 3, 4, 5, 6}
	return meta, []gguf.Tensor{
		{gguf.Info{Name: "w", Type: gguf.F32, Shape: []int{2, 3}}, func() ([]byte, error) { return gguf.Encode(gguf.F32, values) }},
		{gguf.Info{Name: "v", Type: gguf.F16, Shape: []int{6}}, func() ([]byte, error) { return gguf.Encode(gguf.F16, values) }},
	}
}

func TestWriteReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gguf")
	meta, tensors := sample()
	if err := gguf.Write(path, meta, tensors); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if diff := cmp.Diff(meta, f.Meta); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]gguf.Info{tensors[0].Info, tensors[1].Info}, f.Tensors); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"w", "v"} {
		got, err := f.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float32{1, 2, 3, 4, 5, 6}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOpenFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gguf")
	meta, tensors := sample()
	if err := gguf.Write(path, meta, tensors); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, b byte) []byte {
		out := append([]byte(nil), whole...)
		out[at] = b
		return out
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"magic", changed(0, 'X'), "not GGUF"},
		{"version", changed(4, 9), "version 9"},
		{"count of tensors", changed(15, 255), "announces"},
		{"cut", whole[:len(whole)-40], "behind the file"},
		{"cut header", whole[:60], "left"},
	}
	for _, tt := range tests {
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := gguf.Open(path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.gguf")
	meta, tensors := sample()
	if err := gguf.Write(path, meta, tensors); err != nil {
		f.Fatal(err)
	}
	seed, _ := os.ReadFile(path)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.gguf")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := gguf.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		for _, info := range file.Tensors {
			if _, err := file.Bytes(info.Name); err != nil {
				t.Errorf("%s passed the checks but cannot be read: %v", info.Name, err)
			}
		}
	})
}
