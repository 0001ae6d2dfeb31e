package gguf_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/gguf"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

func open(t *testing.T, family string) *model.Model {
	t.Helper()
	m, err := model.Open(shared.Path(t, "golden/models/families/"+family))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readJSON(t *testing.T, path string, dst any) {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, dst); err != nil {
		t.Fatal(err)
	}
}

func TestTensorNames(t *testing.T) {
	var want map[string]struct {
		Arch string
		Map  map[string]string
	}
	readJSON(t, "golden/models/gguf/tensor_names.json", &want)
	for family, w := range want {
		t.Run(family, func(t *testing.T) {
			m := open(t, family)
			places, err := gguf.Places(m)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, p := range places {
				got[p.HF] = p.Name
			}
			if diff := cmp.Diff(w.Map, got); diff != "" {
				t.Error(diff)
			}
			h, err := gguf.NewHeader(m, "x", gguf.F32)
			if err != nil {
				t.Fatal(err)
			}
			if got := h.Meta[0].Value; got != w.Arch {
				t.Errorf("architecture %v, want %s", got, w.Arch)
			}
		})
	}
}

// Every key that is written is one of the format's.
func TestMetadataKeys(t *testing.T) {
	var want struct{ Keys map[string]string }
	readJSON(t, "golden/models/gguf/metadata_keys.json", &want)
	known := map[string]bool{"tokenizer.ggml.add_space_prefix": true}
	for _, key := range want.Keys {
		known[key] = true
	}
	for _, family := range []string{"llama", "llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3", "phi3_longrope", "smollm3", "olmo2", "glm4", "qwen3_moe"} {
		h, err := gguf.NewHeader(open(t, family), "x", gguf.Q8_0)
		if err != nil {
			t.Fatal(err)
		}
		arch := h.Meta[0].Value.(string)
		for _, kv := range h.Meta {
			if general := strings.Replace(kv.Key, arch+".", "{arch}.", 1); !known[general] && !strings.HasSuffix(kv.Key, "freq_base_swa") {
				t.Errorf("%s: key %s is not one of the format's", family, kv.Key)
			}
		}
	}
}

// Experts lie in one tensor a layer and projection, [experts, out, in], under the names of gguf-py 0.19's map for QWEN3MOE; the
// router stays f32.
func TestExperts(t *testing.T) {
	m := open(t, "qwen3_moe")
	zeros := func(name string) ([]float32, error) {
		for _, p := range m.Parameters() {
			if p.Name == name {
				return make([]float32, p.GraphShape().Size()), nil
			}
		}
		return nil, fs.ErrNotExist
	}
	tensors, err := gguf.Tensors(m, zeros, gguf.Q8_0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]gguf.Info{}
	for _, tensor := range tensors {
		if strings.HasPrefix(tensor.Name, "blk.1.ffn_") {
			got[tensor.Name] = tensor.Info
		}
	}
	want := map[string]gguf.Info{}
	for _, i := range []gguf.Info{{"blk.1.ffn_norm.weight", gguf.F32, []int{64}}, {"blk.1.ffn_gate_inp.weight", gguf.F32, []int{6, 64}}, {"blk.1.ffn_gate_exps.weight", gguf.Q8_0, []int{6, 32, 64}},
		{"blk.1.ffn_up_exps.weight", gguf.Q8_0, []int{6, 32, 64}}, {"blk.1.ffn_down_exps.weight", gguf.Q8_0, []int{6, 64, 32}}} {
		want[i.Name] = i
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h, err := gguf.NewHeader(m, "x", gguf.F32)
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range []gguf.KV{{"qwen3moe.expert_count", uint32(6)}, {"qwen3moe.expert_used_count", uint32(2)}, {"qwen3moe.expert_feed_forward_length", uint32(32)}} {
		if !slices.Contains(h.Meta, kv) {
			t.Errorf("no %s = %v", kv.Key, kv.Value)
		}
	}
	m.Config.MoE.Normalize = false
	if _, err := gguf.NewHeader(m, "x", gguf.F32); err == nil || !strings.Contains(err.Error(), "norm_topk_prob") {
		t.Errorf("shares that do not sum to 1: %v", err)
	}
}

// A file gives back the checkpoint: permuted rows, Gemma's norms, and no tensor beside those of the map.
func TestParametersComeBack(t *testing.T) {
	for _, family := range []string{"llama3", "qwen3", "gemma3_text", "phi3_longrope", "smollm3", "llama_bias", "qwen3_moe"} {
		t.Run(family, func(t *testing.T) {
			dir := shared.Path(t, "golden/models/families/"+family)
			m := open(t, family)
			src, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			tensors, err := gguf.Tensors(m, src.Float32, gguf.F32)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "x.gguf")
			if err := gguf.Write(path, nil, tensors); err != nil {
				t.Fatal(err)
			}
			f, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			places, _ := gguf.Places(m)
			for _, p := range places {
				want, _ := src.Float32(p.HF)
				got, err := f.Parameter(p)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if d := got[i] - want[i]; d > 1e-6 || d < -1e-6 {
						t.Fatalf("%s[%d] = %v, want %v", p.HF, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// The permutation by its definition in llama.cpp's converter: reshape(heads, 2, dim/2).swapaxes(1, 2).
func TestPermutation(t *testing.T) {
	m := open(t, "llama")
	places, err := gguf.Places(m)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(places, func(p gguf.Place) bool { return strings.HasSuffix(p.HF, "q_proj.weight") })
	p, c := places[i], m.Config
	in := make([]float32, p.Shape[0]*p.Shape[1])
	for r := range p.Shape[0] {
		in[r*p.Shape[1]] = float32(r)
	}
	out, half := p.ToFile(in), c.HeadDim/2
	for h := range c.Heads {
		for j := range half {
			for k := range 2 {
				if got, want := out[(h*c.HeadDim+2*j+k)*p.Shape[1]], float32(h*c.HeadDim+k*half+j); got != want {
					t.Fatalf("head %d row %d holds row %v, want %v", h, 2*j+k, got, want)
				}
			}
		}
	}
}
