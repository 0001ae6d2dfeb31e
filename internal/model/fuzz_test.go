package model_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"fettle/internal/model"
)

// FuzzParseConfig: any bytes are a config or an error that names what is wrong; a config that was read describes a decoder whose
// tensors, angles and windows can be laid out. The seeds are small configs of every family with each of the keys it reads, and
// the values that tests found to be read wrongly once.
func FuzzParseConfig(f *testing.F) {
	for _, family := range model.Families() {
		for _, text := range seeds(f, family) {
			f.Add(text)
		}
	}
	f.Add([]byte("null"))
	f.Add([]byte("[]"))
	f.Add([]byte(`{"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := model.ParseConfig(text)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("an error without words")
			}
			return
		}
		m, err := model.New(c)
		if err != nil {
			t.Fatalf("read, but no model: %v", err)
		}
		if c.Hidden <= 1<<12 && len(c.Layers) <= 64 && (c.MoE == nil || c.MoE.Experts <= 64) {
			for _, p := range m.Parameters() {
				if slices.Min(p.Shape) < 1 {
					t.Fatalf("%s has shape %v", p.Name, p.Shape)
				}
			}
		}
		for i, l := range c.Layers {
			if l.Window < 0 {
				t.Fatalf("layer %d has a window of %d", i, l.Window)
			}
			if l.Rope != nil && (i == 0 || l.Rope != c.Layers[i-1].Rope) {
				checkAngles(t, c, l.Rope)
			}
		}
	})
}

// checkAngles wants angles for an even part of the head, none below zero and none that is no number.
func checkAngles(t *testing.T, c *model.Config, r *model.Rope) {
	if r.Dim < 2 || r.Dim > c.HeadDim || r.Dim%2 != 0 {
		t.Fatalf("%d of %d dimensions are rotated", r.Dim, c.HeadDim)
	}
	short, long := r.InvFreq()
	for _, v := range append(short, long...) {
		if v < 0 || math.IsNaN(v) {
			t.Fatalf("%s: an angle of %v", r.Type, v)
		}
	}
	if r.AttnScale < 0 || math.IsNaN(r.AttnScale) {
		t.Fatalf("%s: cos and sin are scaled by %v", r.Type, r.AttnScale)
	}
}

func seeds(t testing.TB, family string) (all [][]byte) {
	for _, set := range []keys{
		nil,
		{"rope_parameters": keys{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 16, "mscale": 1.0, "mscale_all_dim": 0.5, "truncate": false}},
		{"rope_scaling": keys{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}, "rope_theta": 1e6},
		{"rope_scaling": keys{"type": "longrope", "short_factor": []float64{1}, "long_factor": []float64{2}}, "original_max_position_embeddings": 16},
		{"rope_parameters": keys{"full_attention": keys{"rope_type": "linear", "factor": 8.0}, "sliding_attention": keys{"rope_type": "default"}}},
		{"sliding_window": 6, "use_sliding_window": true, "max_window_layers": 1, "layer_types": []string{"full_attention", "sliding_attention", "sliding_attention", "full_attention"}},
		{"head_dim": nil, "num_key_value_heads": 4, "attention_bias": true, "mlp_bias": true, "tie_word_embeddings": false, "partial_rotary_factor": 1.0},
		{"no_rope_layers": []int{1, 0, 1, 0}, "num_experts": 4, "num_experts_per_tok": 2, "mlp_only_layers": []int{1}, "decoder_sparse_step": 2},
		{"attn_logit_softcapping": nil, "final_logit_softcapping": 3.0, "query_pre_attn_scalar": 40, "sliding_window_pattern": 2, "hidden_activation": "gelu"},
		{"quantization_config": keys{"quant_method": "bitsandbytes", "load_in_4bit": true}, "eos_token_id": []int{2, 5}, "rms_norm_eps": 1e-3, "hidden_act": "gelu_new"},
	} {
		text, err := json.Marshal(tiny(family, set))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}
