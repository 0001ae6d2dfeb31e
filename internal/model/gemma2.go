package model

import "math"

func init() {
	register("gemma2", absent{kvHeads: 4, headDim: 256, positions: 8192, tied: true}, gemma2)
}

// gemma2: scores and logits are capped, every other layer slides (the first one does), four norms a layer.
func gemma2(f *fields, c *Config) {
	c.gemma(f)
	c.AttnSoftcap = getNull(f, "attn_logit_softcapping", 50.0, 0)
	c.LogitSoftcap = getNull(f, "final_logit_softcapping", 30.0, 0)
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
	f.windows(c, 4096, func(layer int) bool { return layer%2 == 0 })
	f.mustSlide()
	only(f, "sliding_window_size", get(f, "sliding_window", 4096)) // Google's files hold it twice
}

// gemma reads what the Gemmas share: norms of 1 + weight before and after both halves of a layer, tanh GELU, embeddings
// scaled by sqrt(hidden), scores scaled by query_pre_attn_scalar^-0.5 and not by the head size.
func (c *Config) gemma(f *fields) {
	c.Activation = f.activation("hidden_activation", "gelu_pytorch_tanh")
	c.NormPlusOne = true
	c.Norms = NormNames{"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"}
	c.EmbedScale = math.Sqrt(float64(c.Hidden))
	scalar := get(f, "query_pre_attn_scalar", 256.0)
	if scalar <= 0 {
		f.fault("query_pre_attn_scalar: %v: want a positive number", scalar)
	}
	c.AttnScale = invSqrt(scalar)
	f.noNull("query_pre_attn_scalar", "hidden_activation")
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias = bias, bias
	only(f, "use_bidirectional_attention", false)
}
