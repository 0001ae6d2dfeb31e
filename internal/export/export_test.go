package export_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/export"
	"fettle/internal/gguf"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

func open(t *testing.T, base, adapter string) *export.Source {
	t.Helper()
	if adapter != "" {
		adapter = shared.Path(t, "golden/models/lora/"+adapter+"/adapter")
	}
	s, err := export.Open("x", shared.Path(t, "golden/models/families/"+base), adapter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func run(t *testing.T, s *export.Source, o export.Options) *export.Report {
	t.Helper()
	b := backendtest.Open(t)
	r, err := export.Run(t.Context(), s, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Merged weights are those of PEFT's merge_and_unload, for every kind of adapter that PEFT merges without changing what ties.
func TestMergedAsPEFT(t *testing.T) {
	for _, adapter := range []string{"llama3-plain", "llama3-rslora", "llama3-pattern", "llama3-dora", "qwen2-plain", "qwen2-rslora", "qwen2-pattern", "phi3-plain", "llama-lmhead", "llama-embed", "llama_bias-lora_bias"} {
		t.Run(adapter, func(t *testing.T) {
			base, _, _ := strings.Cut(adapter, "-")
			s, to := open(t, base, adapter), t.TempDir()
			run(t, s, export.Options{Format: export.Merged, DType: "f32", To: to})
			golden, err := safetensors.Open(shared.Path(t, "golden/models/lora/"+adapter+"/golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer golden.Close()
			got, err := safetensors.Open(to)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			compared := 0
			for _, name := range golden.Names() {
				weight, ok := strings.CutPrefix(name, "merged.")
				if !ok {
					continue
				}
				want, _ := golden.Float32(name)
				have, err := got.Float32(weight)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if d := have[i] - want[i]; d > 1e-6 || d < -1e-6 {
						t.Fatalf("%s[%d] = %v, want %v", weight, i, have[i], want[i])
					}
				}
				compared++
			}
			if compared == 0 {
				t.Error("nothing compared")
			}
		})
	}
}

// Every format of every family passes its gate.
func TestGate(t *testing.T) {
	for _, c := range []struct{ base, adapter, format, dtype string }{
		{"llama3", "llama3-rslora", export.GGUF, "f32"}, {"llama3", "llama3-rslora", export.GGUFLoRA, "f32"}, {"llama3", "llama3-plain", export.GGUFLoRA, "f16"},
		{"llama3", "llama3-plain", export.PEFT, ""}, {"llama3", "llama3-dora", export.GGUF, "f32"}, {"llama3", "llama3-pattern", export.GGUFLoRA, "f32"}, {"llama3", "llama3-embed_tied", export.Merged, "f32"}, {"llama3", "llama3-lmhead_tied", export.Merged, "f32"}, {"llama3-bf16-sharded", "", export.Merged, "bf16"}, {"gemma3_text", "", export.GGUF, "f16"},
		{"qwen3", "", export.GGUF, "q8_0"}, {"phi3_longrope", "", export.GGUF, "bf16"}, {"llama", "", export.GGUF, "q4_0"}, {"glm4", "", export.GGUF, "f32"}, {"olmo2", "", export.GGUF, "f32"}, {"qwen3_moe", "", export.GGUF, "f32"}, {"qwen3_moe", "", export.GGUF, "q8_0"},
	} {
		t.Run(c.base+"/"+c.format+"/"+c.dtype, func(t *testing.T) {
			r := run(t, open(t, c.base, c.adapter), export.Options{Format: c.format, DType: c.dtype, To: t.TempDir()})
			if r.Gate.Tensors == 0 || r.Gate.Positions == 0 {
				t.Errorf("gate compared nothing: %+v", r.Gate)
			}
			if c.dtype == "f32" && r.Gate.KL > 1e-8 {
				t.Errorf("KL %v of an export that rounds nothing", r.Gate.KL)
			}
		})
	}
}

func TestShards(t *testing.T) {
	to := t.TempDir()
	r := run(t, open(t, "llama3", ""), export.Options{Format: export.Merged, DType: "f32", To: to, Shard: 100_000})
	shards, _ := filepath.Glob(filepath.Join(to, "model-*-of-*.safetensors"))
	if len(shards) < 2 || r.Gate.Tensors == 0 {
		t.Errorf("%d shards, gate %+v", len(shards), r.Gate)
	}
	b := backendtest.Open(t)
	// One file beside the old shards: a reader could take either.
	if _, err := export.Run(t.Context(), open(t, "llama3", ""), b, export.Options{Format: export.Merged, DType: "f32", To: to}); err == nil || !strings.Contains(err.Error(), "other weights") {
		t.Errorf("got %v", err)
	}
}

// A limit on the divergence refuses, and leaves nothing behind.
func TestLimit(t *testing.T) {
	b := backendtest.Open(t)
	to := t.TempDir()
	_, err := export.Run(t.Context(), open(t, "llama", ""), b, export.Options{Format: export.GGUF, DType: "q4_0", To: to, MaxKL: 1e-9})
	if !export.IsRefused(err) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if left, _ := os.ReadDir(to); len(left) != 0 {
		t.Errorf("files left behind: %v", left)
	}
}

// An adapter that goes into another base than it was trained on is measured from the one it was trained on.
func TestTrainedOn(t *testing.T) {
	o := export.Options{Format: export.Merged, DType: "f32", To: t.TempDir()}
	same := run(t, open(t, "llama3", "llama3-plain"), o)
	o.TrainedOn = shared.Path(t, "golden/models/qlora/llama3-nf4-dq-bf16")
	other := run(t, open(t, "llama3", "llama3-plain"), o)
	if same.Gate.KL > 1e-8 || other.Gate.KL < 1e-3 {
		t.Errorf("KL %v from the same base, %v from its 4-bit form", same.Gate.KL, other.Gate.KL)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		format, dtype string
		ok            bool
	}{{"gguf", "q4_0", true}, {"gguf", "", true}, {"merged", "q4_0", false}, {"peft", "bf16", false}, {"onnx", "", false}, {"gguf-lora", "f16", true}} {
		if err := (export.Options{Format: tt.format, DType: tt.dtype}).Check(); (err == nil) != tt.ok {
			t.Errorf("%s %s: %v", tt.format, tt.dtype, err)
		}
	}
}

// chatty makes a chat model with everything beside its weights.
func chatty(t *testing.T) (string, *tokenizer.Tokenizer) {
	t.Helper()
	return chattyOf(t, "llama")
}

func chattyOf(t *testing.T, family string) (string, *tokenizer.Tokenizer) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "chatty")
	words := shared.Path(t, "golden/text/tokenizers/llama3_small")
	if err := os.CopyFS(dir, os.DirFS(shared.Path(t, "golden/models/families/"+family))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"chat_template.jinja":                 `{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>' }}{% generation %}{{ m.content }}{% endgeneration %}{{ '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>' }}{% endif %}`,
		"additional_chat_templates/rag.jinja": `{{ messages[0].content }}`,
		"generation_config.json":              `{"do_sample": true, "temperature": 0.7, "top_k": 20, "eos_token_id": [2]}`,
		"tokenizer.json":                      read(t, filepath.Join(words, "tokenizer.json")),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokens, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	widen(t, dir, tokens.VocabSize())
	return dir, tokens
}

// A chat model with everything beside its weights: ids are compared, a Modelfile is written, end tokens include the turn's.
func TestChatModel(t *testing.T) {
	dir, tokens := chatty(t)
	eot, ok := tokens.TokenID("<|eot_id|>")
	if !ok {
		t.Fatal("the tokenizer has no <|eot_id|>")
	}
	s, err := export.Open("chatty", dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, format := range []string{export.Merged, export.GGUF} {
		to := t.TempDir()
		r := run(t, s, export.Options{Format: format, DType: "f32", To: to})
		if format == export.GGUF {
			wantMeta(t, filepath.Join(to, r.Files[slices.IndexFunc(r.Files, func(name string) bool { return strings.HasSuffix(name, ".gguf") })]), map[string]any{
				"tokenizer.chat_templates": []string{"rag"}, "tokenizer.chat_template.rag": "{{ messages[0].content }}", "general.sampling.temp": float32(0.7), "general.sampling.top_k": int32(20)})
		}
		if r.Gate.IDs == 0 || !slices.Contains(r.Files, "Modelfile") {
			t.Errorf("%s: gate %+v, files %v, notes %v", format, r.Gate, r.Files, r.Notes)
		}
		if format == export.Merged && (!strings.Contains(read(t, filepath.Join(to, "generation_config.json")), fmt.Sprint(eot)) || !slices.Contains(r.Files, "additional_chat_templates/rag.jinja")) {
			t.Errorf("files %v, generation config %s", r.Files, read(t, filepath.Join(to, "generation_config.json")))
		}
	}
}

func wantMeta(t *testing.T, path string, want map[string]any) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := map[string]any{}
	for _, kv := range f.Meta {
		if _, ok := want[kv.Key]; ok {
			got[kv.Key] = kv.Value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// widen gives a model directory random weights for a vocabulary of n tokens.
func widen(t *testing.T, dir string, n int) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	text := regexp.MustCompile(`"vocab_size": \d+`).ReplaceAllString(read(t, path), fmt.Sprintf(`"vocab_size": %d`, n))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir)
	if err == nil {
		err = m.SaveWeights(filepath.Join(dir, "model.safetensors"), m.Init(1), safetensors.F32)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A weight that is no number, or that the asked type cannot hold, is named and refused; nothing is left behind.
func TestWeightsThatCannotBeWritten(t *testing.T) {
	from := shared.Path(t, "golden/models/families/llama")
	m, err := model.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	const name = "model.layers.1.mlp.up_proj.weight"
	for _, tt := range []struct {
		value         float32
		format, dtype string
		want          string
	}{
		{float32(math.NaN()), export.Merged, "f32", "NaN"}, {float32(math.NaN()), export.GGUF, "q8_0", "NaN"},
		{float32(math.Inf(1)), export.Merged, "bf16", "Inf"}, {70000, export.Merged, "f16", "70000"}, {70000, export.GGUF, "f16", "70000"},
	} {
		w, err := m.Load(from)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tensors.CopyFlatData[float32](w[name])
		if err != nil {
			t.Fatal(err)
		}
		values[5] = tt.value
		w[name] = tensors.FromFlatDataAndDimensions(values, w[name].Shape().Dimensions...)
		dir, to := t.TempDir(), t.TempDir()
		if err := m.Save(dir, w, "f32"); err != nil {
			t.Fatal(err)
		}
		s, err := export.Open("x", dir, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = export.Run(t.Context(), s, backendtest.Open(t), export.Options{Format: tt.format, DType: tt.dtype, To: to})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v as %s %s: got %v, want %q", tt.value, tt.format, tt.dtype, err, tt.want)
		}
		if left, _ := os.ReadDir(to); len(left) != 0 {
			t.Errorf("%v as %s: left behind %v", tt.value, tt.format, left)
		}
		s.Close()
	}
}
