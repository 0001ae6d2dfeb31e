package inspect_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/inspect"
	"fettle/internal/model"
	"fettle/internal/shared"
)

var options = inspect.Options{Seq: 512, Batch: 1, Rank: 64}

// write makes a model directory of a name with a config and further files.
func write(t *testing.T, name string, config map[string]any, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	files["config.json"] = string(raw)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func llama(hidden, layers, heads, ffn int) map[string]any {
	return map[string]any{"model_type": "llama", "architectures": []string{"LlamaForCausalLM"}, "hidden_size": hidden, "num_hidden_layers": layers,
		"num_attention_heads": heads, "intermediate_size": ffn, "vocab_size": 32000, "max_position_embeddings": 2048, "eos_token_id": 2}
}

func read(t *testing.T, dir string) *inspect.Report {
	t.Helper()
	r, err := inspect.Read(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const switchable = "{{ messages[0].content }}{% if enable_thinking %}<think>{% endif %}"

func TestAdvice(t *testing.T) {
	big := llama(4096, 32, 32, 11008)
	tests := []struct {
		name   string
		config map[string]any
		files  map[string]string
		kinds  []string
		suited string
		says   string
	}{
		{"Llama-2-7b", big, map[string]string{}, []string{"base"}, "yes", "adapts fast"},
		{"DeepSeek-R1-Distill-Llama-8B", big, map[string]string{}, []string{"reasoning", "distilled"}, "limited", "Distilled here means"},
		{"TinyLlama-1.1B", llama(2048, 22, 32, 5632), map[string]string{}, []string{"distilled"}, "limited", "little room"},
		{"CodeLlama-7b", big, map[string]string{}, []string{"code"}, "yes", "repository"},
		{"deepseek-coder-6.7b", big, map[string]string{}, []string{"code"}, "yes", "repository"},
		{"BioMistral-7B", big, map[string]string{}, []string{"vertical"}, "yes", "profession"},
		{"Finance-LLM", big, map[string]string{}, []string{"industry"}, "yes", "industry"},
		{"llama-finetuned", big, map[string]string{}, []string{"base"}, "yes", "adapts fast"},
		{"Small", llama(192, 4, 6, 512), map[string]string{}, []string{"base"}, "limited", "very small"},
		{"llava-7b", map[string]any{"model_type": "llava", "architectures": []string{"LlavaForConditionalGeneration"}, "vision_config": map[string]any{}}, map[string]string{}, []string{"multimodal"}, "partly", "aligned"},
		{"vit-base", map[string]any{"model_type": "vit"}, map[string]string{}, []string{"vision"}, "yes", "niches"},
		{"Model-8B", big, map[string]string{"tokenizer_config.json": `{"chat_template": "{{ '<think>' }}{{ messages[0].content }}"}`}, []string{"reasoning"}, "limited", "reinforcement"},
		{"Qwen3-8B", big, map[string]string{"chat_template.jinja": switchable}, []string{"reasoning"}, "partly", "can switch that off"},
		{"Qwen3-8B-Base", big, map[string]string{"chat_template.jinja": switchable}, []string{"base"}, "yes", "adapts fast"},
		{"Qwen3-4B-Thinking", big, map[string]string{"chat_template.jinja": switchable}, []string{"reasoning"}, "limited", "reinforcement"},
		{"Phi-3-medium-4k", big, map[string]string{}, []string{"base"}, "yes", "adapts fast"},
		{"PowerMoE-3b", big, map[string]string{}, []string{"base"}, "yes", "adapts fast"},
		{"meditron-7b", big, map[string]string{}, []string{"vertical"}, "yes", "profession"},
		{"gemma-2-9b-it", big, map[string]string{}, []string{"base"}, "yes", `tuned to chat already (the name says "it")`},
		{"distilgpt2", map[string]any{"model_type": "gpt2"}, map[string]string{}, []string{"distilled"}, "limited", "cannot run this one"},
		{"nothing", map[string]any{"hidden_size": 8}, map[string]string{}, []string{"unknown"}, "unknown", "nothing can be said"},
		{"Model-Instruct", big, map[string]string{"tokenizer_config.json": `{"chat_template": "{{ messages[0].content }}"}`}, []string{"base"}, "yes", "tuned to chat"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := read(t, write(t, tt.name, tt.config, tt.files)).Advice
			if diff := cmp.Diff(tt.kinds, a.Kinds); diff != "" {
				t.Errorf("%s %v", diff, a.Why)
			}
			if a.Suited != tt.suited || !strings.Contains(a.Text, tt.says) {
				t.Errorf("suited %q, text %q", a.Suited, a.Text)
			}
		})
	}
}

// Figures that papers give: QLoRA tunes 65B on one card of 48 GB (arXiv:2305.14314) where 16 bits need 130 GB for weights alone.
func TestMemory(t *testing.T) {
	dir := write(t, "llama-65b", llama(8192, 80, 64, 22016), map[string]string{})
	r := read(t, dir)
	if n := r.Parameters; n < 65.2e9 || n > 65.4e9 {
		t.Errorf("%d parameters, want 65.29 billion", n)
	}
	by := map[string]inspect.Memory{}
	for _, m := range r.Memory {
		by[m.Use] = m
	}
	if got := by["QLoRA, NF4 base"].Total; got > 48<<30 || got < 35<<30 {
		t.Errorf("QLoRA of 65B needs %d bytes, want 35 to 48 GiB", got)
	}
	if got := by["LoRA, 16-bit base"].Weights; got != 2*r.Parameters {
		t.Errorf("16-bit weights are %d bytes", got)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	training := model.Training{Rows: 1, Length: 512, Width: 2, Remat: true, Packed: true, Large: true} // on a GPU
	if got, want := by["QLoRA, NF4 base"].Activations, m.Footprint(training).Total(); got != want {
		t.Errorf("activations of %d bytes, want %d", got, want)
	}
	// 2 (k, v) · 80 layers · 8192 · 512 positions · 2 bytes
	if got := by["inference, 16 bits"].Cache; got != 2*80*8192*512*2 {
		t.Errorf("cache of %d bytes", got)
	}
}

func TestOddities(t *testing.T) {
	r := read(t, shared.Path(t, "golden/models/qlora/qwen2-nf4-dq-skip"))
	if r.Stored["nf4"] == 0 || r.Stored["f32"] == 0 || r.Stored["nf4"]+r.Stored["f32"] != r.Parameters {
		t.Errorf("stored %v of %d", r.Stored, r.Parameters)
	}
	if all := strings.Join(r.Oddities, "\n"); !strings.Contains(all, "tokenizer") || !strings.Contains(all, "512 positions") {
		t.Errorf("oddities: %s", all)
	}
	var b strings.Builder
	r.Print(&b)
	if !strings.Contains(b.String(), "weights as nf4") {
		t.Error(b.String())
	}
}

// Gemma's activations pass what float16 holds.
func TestGemmaInHalf(t *testing.T) {
	from := shared.Path(t, "golden/models/families/gemma3_text")
	m, err := model.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	w, err := m.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	for dtype, want := range map[string]bool{"f16": true, "bf16": false} {
		dir := filepath.Join(t.TempDir(), "gemma")
		if err := m.Save(dir, w, dtype); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(read(t, dir).Oddities, "\n"), "activations of this family pass 65504"); got != want {
			t.Errorf("%s: told of: %v, want %v", dtype, got, want)
		}
	}
}

// 30.5 billion weights, of which a token needs 3.3 ("30B-A3B").
func TestMixture(t *testing.T) {
	config := map[string]any{"model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
		"head_dim": 128, "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "vocab_size": 151936, "eos_token_id": 2}
	r := read(t, write(t, "moe", config, map[string]string{}))
	// 48 layers · 120 idle experts · 3 matrices of 2048 · 768
	if got := r.Parameters - r.Active; got != 48*120*3*2048*768 {
		t.Errorf("%d of %d weights are idle", got, r.Parameters)
	}
	if all := strings.Join(r.Oddities, "\n"); !strings.Contains(all, "8 of 128 experts") {
		t.Errorf("oddities: %s", all)
	}
}
