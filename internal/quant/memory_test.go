package quant_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// megabytes are those of the checkpoint that TestLoadMemory reads; FETTLE_LOAD_MB asks for another size.
func megabytes(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("FETTLE_LOAD_MB"))
	if err != nil {
		return 96
	}
	return n
}

// randomCheckpoint writes a llama of bf16 noise, a tensor at a time.
func randomCheckpoint(t *testing.T, dir string, mb int) *model.Model {
	t.Helper()
	layers := max(2, (mb-8)*8/56) // a layer has 7 MB
	config := fmt.Sprintf(`{"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":4096,"hidden_size":512,"intermediate_size":1792,
"num_hidden_layers":%d,"num_attention_heads":8,"hidden_act":"silu","rms_norm_eps":1e-5,"max_position_embeddings":512,"tie_word_embeddings":true}`, layers)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.NewChaCha8([32]byte{})
	var all []safetensors.Tensor
	for _, p := range m.Parameters() {
		info := safetensors.Info{Name: p.Name, DType: safetensors.BF16, Shape: p.Shape}
		all = append(all, safetensors.Tensor{Info: info, Data: func() ([]byte, error) {
			data := make([]byte, 2*info.Len())
			_, _ = rng.Read(data) // never fails
			for i := 1; i < len(data); i += 2 {
				data[i] = data[i]&0x83 | 0x3c // no infinities
			}
			return data, nil
		}})
	}
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), all, nil); err != nil {
		t.Fatal(err)
	}
	return m
}

// Beyond what is kept, loading holds nothing, or one tensor at a time where it is quantised on the way: what is resident is
// measured, so that garbage counts.
func TestLoadMemory(t *testing.T) {
	dir := t.TempDir()
	m := randomCheckpoint(t, dir, megabytes(t))
	var params, largest int64
	for _, p := range m.Parameters() {
		n := int64(p.GraphShape().Size())
		params, largest = params+n, max(largest, n)
	}
	b := backendtest.Open(t).Backend
	for _, c := range []struct {
		name   string
		loader func() model.Loader
	}{
		{"f32", func() model.Loader { return model.Loader{} }},
		{"bf16", func() model.Loader { return model.Loader{DType: dtypes.BFloat16} }},
		{"nf4", func() model.Loader {
			return quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}.Loader(&quant.Set{}, nil)
		}},
		{"f32 on the backend", func() model.Loader { return model.Loader{Backend: b} }},
		{"nf4 on the backend", func() model.Loader {
			return quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}.Loader(&quant.Set{}, b)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w model.Weights
			high := backendtest.Peak(t, func() {
				var err error
				if w, err = m.LoadWith(c.loader(), dir); err != nil {
					t.Fatal(err)
				}
			})
			var kept int64
			for name, x := range w {
				if on := c.loader().Backend != nil; x.HasLocal() == on || x.IsOnDevice(0) != on {
					t.Errorf("%s: on the backend is %v, want %v", name, x.IsOnDevice(0), on)
				}
				kept += int64(x.Shape().ByteSize())
			}
			t.Logf("%d M parameters: %d MB kept, %d MB at most", params/1e6, kept>>20, high>>20)
			// What the runtime needs, and where it is quantised one tensor: as stored, and in float32.
			allowed := int64(10 << 20)
			if strings.HasPrefix(c.name, "nf4") {
				allowed += largest * (2 + 4)
			}
			if beyond := high - kept; beyond > allowed {
				t.Errorf("%d MB beyond what is kept, want %d at most", beyond>>20, allowed>>20)
			}
			runtime.KeepAlive(w)
		})
	}
}
