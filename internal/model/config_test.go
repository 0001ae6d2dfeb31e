package model_test

import (
	"encoding/json"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
)

type keys map[string]any

// tiny is a config of few keys: what it leaves out is the family's own.
func tiny(modelType string, set keys) keys {
	c := keys{"model_type": modelType, "vocab_size": 20, "hidden_size": 64, "intermediate_size": 24, "num_attention_heads": 32, "num_hidden_layers": 4}
	maps.Copy(c, set)
	return c
}

func parse(t *testing.T, c keys) *model.Config {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// What a config leaves out, sets to null or spells in another way means what it means in transformers 5.23: the second
// config says the same in full.
func TestConfigMeans(t *testing.T) {
	const slide, whole = "sliding_attention", "full_attention"
	yarn := func(more keys) keys {
		c := keys{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 1e4}
		maps.Copy(c, more)
		return keys{"max_position_embeddings": 64, "rope_parameters": c}
	}
	factors := []float64{2}
	tests := []struct {
		name, family string
		short, full  keys
	}{
		{"null caps are no caps", "gemma2", keys{"attn_logit_softcapping": nil, "final_logit_softcapping": nil}, keys{"attn_logit_softcapping": 0, "final_logit_softcapping": 0}},
		{"absent caps", "gemma2", nil, keys{"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}},
		{"scores are not capped", "gemma3_text", keys{"attn_logit_softcapping": 5.0}, nil},
		{"no kv heads", "mistral", nil, keys{"num_key_value_heads": 8, "max_position_embeddings": 131072}},
		{"null kv heads", "mistral", keys{"num_key_value_heads": nil}, keys{"num_key_value_heads": 32}},
		{"no kv heads", "llama", nil, keys{"num_key_value_heads": 32, "max_position_embeddings": 2048}},
		{"no kv heads", "smollm3", nil, keys{"num_key_value_heads": 4, "tie_word_embeddings": true, "max_position_embeddings": 32768}},
		{"no head size", "qwen3", nil, keys{"head_dim": 128}},
		{"no head size", "qwen3_moe", nil, keys{"head_dim": 2, "num_key_value_heads": 4}},
		{"bias and eps", "glm4", nil, keys{"attention_bias": true, "rms_norm_eps": 1.5625e-7, "num_key_value_heads": 2}},
		{"windows without positions", "smollm3", keys{"use_sliding_window": true, "sliding_window": 3}, keys{"use_sliding_window": true, "sliding_window": 3, "layer_types": []string{whole, whole, whole, slide}}},
		{"yarn with zeros", "llama", yarn(keys{"mscale": 0.0, "mscale_all_dim": 1.0, "beta_fast": 0, "beta_slow": nil}), yarn(keys{"beta_fast": 32, "beta_slow": 1})},
		{"yarn without factor", "llama", yarn(keys{"factor": nil}), yarn(nil)},
		{"yarn, original outside", "llama", keys{"max_position_embeddings": 64, "original_max_position_embeddings": 16, "rope_scaling": keys{"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}}, yarn(nil)},
		{"llama3 without original", "llama", keys{"rope_scaling": keys{"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}}, keys{"rope_scaling": keys{"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 2048}}},
		{"attention_factor is yarn's and longrope's", "llama", keys{"rope_scaling": keys{"type": "linear", "factor": 2.0, "attention_factor": 3.0}}, keys{"rope_scaling": keys{"type": "linear", "factor": 2.0}}},
		{"longrope, original outside", "phi3", keys{"rope_scaling": keys{"type": "longrope", "short_factor": factors, "long_factor": factors, "original_max_position_embeddings": 16}},
			keys{"original_max_position_embeddings": 4096, "rope_scaling": keys{"type": "su", "short_factor": factors, "long_factor": factors}}},
		{"longrope called yarn", "phi3", keys{"rope_scaling": keys{"type": "yarn", "short_factor": factors, "long_factor": factors}},
			keys{"rope_scaling": keys{"type": "longrope", "short_factor": factors, "long_factor": factors}}},
	}
	for _, tt := range tests {
		t.Run(tt.family+"/"+tt.name, func(t *testing.T) {
			got, want := parse(t, tiny(tt.family, tt.short)), parse(t, tiny(tt.family, tt.full))
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(model.Config{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Dynamic NTK beyond the original positions is the default encoding with the base times s^(d/(d-2)), s = factor·length/original -
// (factor-1); up to them it is the default encoding.
func TestDynamicRope(t *testing.T) {
	b := backendtest.Open(t)
	const original, factor, head = 16, 4.0, 8
	hidden := func(rope keys, n int) []float32 {
		c := tiny("llama", keys{"num_attention_heads": 8, "max_position_embeddings": original, "initializer_range": 0.5, "rope_parameters": rope})
		m, err := model.New(parse(t, c))
		if err != nil {
			t.Fatal(err)
		}
		w := m.Init(1)
		tokens := make([]int32, n)
		for i := range tokens {
			tokens[i] = int32(i*7) % 20
		}
		out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
			return []*graph.Node{m.Hidden(s, model.Batch{Tokens: in[0]})}
		}, tensors.FromFlatDataAndDimensions(tokens, 1, n))
		return modeltest.Flat(t, out[0])
	}
	base := func(n int) float64 {
		s := factor*float64(n)/original - (factor - 1)
		return 1e4 * math.Pow(s, head/(head-2.0))
	}
	for _, n := range []int{original, original + 1, 40} {
		got := hidden(keys{"rope_type": "dynamic", "factor": factor}, n)
		check(t, "hidden", got, hidden(keys{"rope_type": "default", "rope_theta": base(n)}, n), nil, tolerance)
		if d := worst(got, hidden(keys{"rope_type": "default"}, n), nil); (d > 1e-3) != (n > original) {
			t.Errorf("%d positions: the angles of %d are stretched by %v", n, original, d)
		}
	}
}

// Both spellings at once: transformers would forget the base of rope_parameters.
func TestTwoRopes(t *testing.T) {
	data, _ := json.Marshal(tiny("llama", keys{"rope_scaling": keys{"rope_type": "yarn", "factor": 4.0}, "rope_parameters": keys{"rope_type": "default", "rope_theta": 1e6}}))
	if _, err := model.ParseConfig(data); err == nil || !strings.Contains(err.Error(), "rope_scaling") {
		t.Errorf("got %v, want an error about rope_scaling", err)
	}
}
