package model_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fettle/internal/model"
	"fettle/internal/shared"
)

// gone removes a key.
const gone = "(gone)"

// altered is the config.json of a golden model with some keys set.
func altered(t testing.TB, family, file string, set keys) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shared.Path(t, "golden/models/families/"+family), file))
	if err != nil {
		t.Fatal(err)
	}
	c := keys{}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	maps.Copy(c, set)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == gone })
	if data, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	return data
}

// fault is what a family's config becomes wrong by, and what the error must say: the key, the value, what would be right.
type fault struct {
	family string // "" = every family
	set    keys
	want   []string
}

var faults = []fault{
	// keys that nobody here knows
	{"", keys{"attn_twist": 3}, []string{"attn_twist: 3"}},
	{"", keys{"attention_multiplier": 0.5}, []string{"attention_multiplier: 0.5"}}, // Granite's four
	{"", keys{"embedding_multiplier": 12.0}, []string{"embedding_multiplier: 12"}},
	{"", keys{"residual_multiplier": 0.22}, []string{"residual_multiplier: 0.22"}},
	{"", keys{"logits_scaling": 8.0}, []string{"logits_scaling: 8"}},
	{"", keys{"logit_scale": 0.0625}, []string{"logit_scale: 0.0625"}}, // Cohere
	{"", keys{"clip_qkv": 8.0}, []string{"clip_qkv: 8"}},               // OLMo 1, DBRX
	{"", keys{"use_mrope": true}, []string{"use_mrope: true"}},
	{"", keys{"pruned_heads": keys{"0": []int{1}}}, []string{"pruned_heads"}},
	{"llama", keys{"final_logit_softcapping": 30.0}, []string{"final_logit_softcapping: 30"}},
	{"llama", keys{"sliding_window": 6}, []string{"sliding_window: 6"}},
	{"llama", keys{"rope_interleaved": true}, []string{"rope_interleaved"}},
	{"qwen2", keys{"attention_bias": true}, []string{"attention_bias: true"}},
	{"mistral", keys{"mlp_bias": true}, []string{"mlp_bias: true"}},
	{"qwen3_moe", keys{"use_qk_norm": false}, []string{"use_qk_norm: false", "[true]"}},
	{"qwen3_moe", keys{"shared_expert_intermediate_size": 32}, []string{"shared_expert_intermediate_size: 32"}},
	{"gemma2", keys{"sliding_window_size": 7}, []string{"sliding_window_size: 7", "[6]"}},
	{"gemma3_text", keys{"use_bidirectional_attention": true}, []string{"use_bidirectional_attention: true"}},
	{"phi3", keys{"lm_head_bias": true}, []string{"lm_head_bias: true"}},

	// the model itself
	{"", keys{"model_type": "mamba"}, []string{`model_type: "mamba"`, "qwen3_moe"}},
	{"", keys{"model_type": gone}, []string{"model_type is missing", "qwen3_moe"}},
	{"", keys{"model_type": 7}, []string{"model_type: 7: want a text"}},
	{"llama", keys{"model_type": "gemma3", "text_config": keys{"model_type": "gemma3_text"}}, []string{`model_type: "gemma3"`, "text_config, gemma3_text"}},
	{"", keys{"quantization_config": keys{"quant_method": "gptq", "bits": 4}}, []string{"quantization_config", `"gptq"`, "bitsandbytes"}},
	{"", keys{"quantization_config": keys{"quant_method": "awq", "bits": 4}}, []string{"quantization_config", `"awq"`}},
	{"", keys{"quantization_config": keys{"quant_method": "fp8"}}, []string{"quantization_config", `"fp8"`}},
	{"", keys{"quantization_config": keys{"quant_method": "bitsandbytes", "load_in_8bit": true}}, []string{"quantization_config", "8 bits"}},
	{"", keys{"quantization_config": keys{"bits": 4}}, []string{"quantization_config"}},
	{"", keys{"quantization_config": "awq"}, []string{"quantization_config"}},

	// sizes
	{"", keys{"hidden_size": "64"}, []string{`hidden_size: "64": want a whole number`}},
	{"", keys{"hidden_size": 64.5}, []string{"hidden_size: 64.5: want a whole number"}},
	{"", keys{"hidden_size": gone}, []string{"hidden_size is missing"}},
	{"", keys{"hidden_size": nil}, []string{"hidden_size is missing"}},
	{"", keys{"vocab_size": 0}, []string{"vocab_size is 0, want 1 to"}},
	{"", keys{"intermediate_size": -1}, []string{"intermediate_size is -1"}},
	{"", keys{"num_hidden_layers": -1, "layer_types": gone, "no_rope_layers": gone}, []string{"num_hidden_layers is -1"}},
	{"", keys{"num_hidden_layers": 1_000_000_000}, []string{"num_hidden_layers is 1000000000, want 1 to 4096"}},
	{"llama", keys{"num_attention_heads": 3}, []string{"num_attention_heads 3 is no multiple of num_key_value_heads"}},
	{"", keys{"num_key_value_heads": 0}, []string{"num_key_value_heads is 0"}},
	{"", keys{"num_key_value_heads": 3}, []string{"num_attention_heads 4 is no multiple of num_key_value_heads 3"}},
	{"", keys{"head_dim": 15}, []string{"head_dim", "want an even number"}},
	{"", keys{"max_position_embeddings": 0}, []string{"max_position_embeddings is 0"}},
	{"", keys{"num_experts_per_tok": 7, "num_local_experts": 6}, []string{"num_experts_per_tok"}},

	// null where it says nothing
	{"", keys{"hidden_act": nil}, []string{"hidden_act: null"}},
	{"", keys{"rms_norm_eps": nil}, []string{"rms_norm_eps: null"}},
	{"", keys{"tie_word_embeddings": nil}, []string{"tie_word_embeddings: null"}},
	{"", keys{"max_position_embeddings": nil}, []string{"max_position_embeddings: null"}},
	{"gemma2", keys{"query_pre_attn_scalar": nil}, []string{"query_pre_attn_scalar: null"}},
	{"gemma2", keys{"sliding_window": nil}, []string{"sliding_window: null"}},
	{"glm4", keys{"partial_rotary_factor": nil}, []string{"partial_rotary_factor: null"}},
	{"phi3", keys{"original_max_position_embeddings": nil}, []string{"original_max_position_embeddings: null"}},

	// numbers and words
	{"", keys{"hidden_act": "relu2"}, []string{`hidden_act: "relu2"`, "silu"}},
	{"", keys{"rms_norm_eps": -1}, []string{"rms_norm_eps: -1"}},
	{"", keys{"rms_norm_eps": "1e-5"}, []string{`rms_norm_eps: "1e-5": want a number`}},
	{"", keys{"tie_word_embeddings": "true"}, []string{`tie_word_embeddings: "true": want true or false`}},
	{"", keys{"eos_token_id": "x"}, []string{`eos_token_id: "x": want a whole number or a list of them`}},
	{"gemma2", keys{"query_pre_attn_scalar": -4}, []string{"query_pre_attn_scalar: -4"}},
	{"qwen3_moe", keys{"decoder_sparse_step": 0}, []string{"decoder_sparse_step: 0: want at least 1"}},

	// windows
	{"mistral", keys{"sliding_window": 0}, []string{"sliding_window: 0: want at least 1"}},
	{"gemma2", keys{"sliding_window": -1}, []string{"sliding_window: -1: want at least 1"}},
	{"qwen2_sw", keys{"sliding_window": 6.5}, []string{"sliding_window: 6.5: want a whole number"}},
	{"qwen2_sw", keys{"sliding_window": nil}, []string{"layer 1", "no window"}},
	{"qwen2_sw", keys{"use_sliding_window": false}, []string{"layer 1", "use_sliding_window"}},
	{"smollm3", keys{"layer_types": []string{"sliding_attention", "full_attention", "full_attention", "full_attention"}}, []string{"layer 0", "no window"}},
	{"mistral", keys{"use_sliding_window": false}, []string{"use_sliding_window: false"}},
	{"phi3", keys{"layer_types": []string{"full_attention", "full_attention", "full_attention"}}, []string{"layer_types", "this family has none"}},
	{"llama", keys{"layer_types": []string{"sliding_attention", "full_attention"}}, []string{"layer_types", "no window"}},
	{"", keys{"layer_types": []string{"full_attention"}}, []string{"layer_types"}},
	{"gemma2", keys{"layer_types": []string{"chunked_attention", "a", "b", "c"}}, []string{`layer_types: "chunked_attention"`}},
	{"gemma3_text", keys{"layer_types": nil, "sliding_window_pattern": 0}, []string{"sliding_window_pattern: 0"}},
	{"smollm3", keys{"no_rope_layers": []int{1}}, []string{"no_rope_layers: 1 entries for 4 layers"}},
	{"smollm3", keys{"no_rope_layers": nil, "no_rope_layer_interval": 0}, []string{"no_rope_layer_interval: 0"}},
}

// rope parameters that are wrong for a family: the config has no others.
var ropeFaults = []fault{
	{"llama", keys{"rope_type": "spiral"}, []string{`rope_parameters: rope_type "spiral"`, "longrope"}},
	{"llama", keys{"rope_type": "default", "twist": 1}, []string{"rope_parameters.twist: 1"}},
	{"llama", keys{"rope_type": "default", "mrope_section": []int{2, 3, 3}}, []string{"rope_parameters.mrope_section: [2,3,3]"}},
	{"llama", keys{"rope_type": "default", "Factor": 2}, []string{"rope_parameters.Factor: 2"}},
	{"llama", keys{"rope_type": 7}, []string{"rope_parameters.rope_type: 7"}},
	{"llama", keys{"rope_type": "linear"}, []string{"rope_parameters.factor is missing", "linear"}},
	{"llama", keys{"rope_type": "linear", "factor": 0}, []string{"rope_parameters.factor: 0"}},
	{"llama", keys{"rope_type": "linear", "factor": -2}, []string{"rope_parameters.factor: -2"}},
	{"llama", keys{"rope_type": "dynamic"}, []string{"rope_parameters.factor is missing", "dynamic"}},
	{"llama", keys{"rope_type": "default", "rope_theta": 0}, []string{"rope_parameters.rope_theta: 0"}},
	{"llama", keys{"rope_type": "default", "partial_rotary_factor": 0.5}, []string{"rope_parameters: partial_rotary_factor: 0.5", "only 1"}},
	{"llama3", keys{"rope_type": "llama3", "factor": 8}, []string{"low_freq_factor 0"}},
	{"llama3", keys{"rope_type": "llama3", "low_freq_factor": 1, "high_freq_factor": 4}, []string{"factor is missing"}},
	{"llama3", keys{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}, []string{"low_freq_factor 4, high_freq_factor 1"}},
	{"phi3", keys{"rope_type": "linear", "factor": 2}, []string{`rope_type "linear" is not supported for phi3`}},
	{"phi3_longrope", keys{"rope_type": "longrope"}, []string{"short_factor and long_factor have 0 and 0 factors, want 4"}},
	{"phi3_longrope", keys{"rope_type": "longrope", "short_factor": []int{0, 1, 1, 1}, "long_factor": []int{1, 1, 1, 1}}, []string{"short_factor: 0"}},
	{"glm4", keys{"rope_type": "default", "partial_rotary_factor": 0}, []string{"partial_rotary_factor: 0"}},
	{"glm4", keys{"rope_type": "default", "partial_rotary_factor": 2}, []string{"partial_rotary_factor: 2"}},
	{"glm4", keys{"rope_type": "default", "partial_rotary_factor": 0.2}, []string{"3 of the 16 dimensions"}},
	{"gemma3_text", keys{"rope_type": "default"}, []string{`found "rope_type"`}},
	{"gemma3_text", keys{"chunked_attention": keys{"rope_type": "default"}}, []string{`found "chunked_attention"`}},
}

// The same in the older spelling, outside of an object.
var oldRopeFaults = []fault{
	{"", keys{"rope_theta": 0}, []string{"rope_theta: 0"}},
	{"", keys{"rope_theta": nil}, []string{"rope_theta: null"}},
	{"", keys{"rope_theta": "1e4"}, []string{`rope_theta: "1e4": want a number`}},
	{"", keys{"rope_scaling": "linear"}, []string{"rope_scaling: \"linear\"", "JSON object"}},
	{"llama", keys{"rope_scaling": keys{"type": "linear"}}, []string{"rope_scaling.factor is missing"}},
	{"gemma3_text", keys{"rope_scaling": keys{"type": "linear", "factor": 2}}, []string{"rope_scaling", "reads rope_type"}},
	{"llama", keys{"partial_rotary_factor": 0.5}, []string{"partial_rotary_factor: 0.5", "[1]"}},
	{"", keys{"rope_scaling": keys{"rope_type": "default"}, "rope_parameters": keys{"rope_type": "default"}}, []string{"rope_parameters and rope_scaling are both set"}},
}

var goldenFamilies = []string{"llama", "llama3", "llama_bias", "mistral", "qwen2", "qwen2_sw", "qwen3", "qwen3_moe", "gemma2", "gemma3_text", "phi3", "phi3_longrope", "smollm3", "glm4", "olmo2"}

// A field that could change what a model computes and is not understood is an error that names it, its value and what would be
// right. transformers 5.23 fails for most of these, computes with nonsense for some, and ignores the rest.
func TestFieldFaults(t *testing.T) {
	run := func(f fault, file string, wrap string) {
		families := []string{f.family}
		if f.family == "" {
			families = goldenFamilies
		}
		for _, family := range families {
			set := f.set
			if wrap != "" {
				set = keys{wrap: f.set}
			}
			text := altered(t, family, file, set)
			_, err := model.ParseConfig(text)
			for _, want := range f.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s with %v: got %v, want %q", family, f.set, err, want)
				}
			}
		}
	}
	for _, f := range faults {
		run(f, "config.json", "")
	}
	for _, f := range ropeFaults {
		run(f, "config.json", "rope_parameters")
	}
	for _, f := range oldRopeFaults {
		run(f, "config.v4.json", "")
	}
}

// What changes nothing is accepted and changes nothing, in every family.
func TestHarmlessFields(t *testing.T) {
	for _, set := range []keys{
		{"fettle_unknown": nil}, {"fettle_unknown": false}, {"fettle_unknown": []int{}}, {"_note": 7}, {"initializer_range": gone}, {"hidden_act": gone}, {"hidden_act": "swish"},
		{"architectures": []string{"OtherForCausalLM"}}, {"architectures": nil}, {"architectures": []string{"LlamaForSequenceClassification"}},
		{"auto_map": keys{"AutoModelForCausalLM": "modeling_x.XForCausalLM"}}, {"torch_dtype": "float64"}, {"dtype": "bogus"}, {"pretraining_tp": 2},
		{"attention_dropout": 0.5}, {"use_cache": false}, {"is_encoder_decoder": true}, {"_attn_implementation": "sdpa"}, {"rope_interleaved": false},
		{"qkv_bias": false}, {"use_mrope": false}, {"no_repeat_ngram_size": 0, "length_penalty": 1.0, "typical_p": 1.0, "num_return_sequences": 1},
		{"quantization_config": nil}, {"quantization_config": keys{"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false}},
		{"rope_scaling": nil}, {"layer_types": nil},
	} {
		for _, family := range goldenFamilies {
			if _, types := set["layer_types"]; types && slices.Contains([]string{"gemma3_text"}, family) {
				continue // its pattern and its layer_types disagree on purpose
			}
			want, err := model.ParseConfig(altered(t, family, "config.json", nil))
			if err != nil {
				t.Fatal(err)
			}
			got, err := model.ParseConfig(altered(t, family, "config.json", set))
			if err != nil {
				t.Errorf("%s with %v: %v", family, set, err)
				continue
			}
			if _, ok := set["initializer_range"]; ok {
				want.InitRange = 0.02
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(model.Config{})); diff != "" {
				t.Errorf("%s with %v (-want +got):\n%s", family, set, diff)
			}
		}
	}
}

// An error names the file.
func TestConfigFaultFile(t *testing.T) {
	for file, text := range map[string]string{"config.json": `[1]`, "generation_config.json": `{"eos_token_id": "x"}`} {
		dir := t.TempDir()
		all := map[string]string{"config.json": string(altered(t, "llama", "config.json", nil)), file: text}
		for name, text := range all {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := model.Open(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, file)) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
