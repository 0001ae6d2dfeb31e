package model

func init() { register("glm4", glm4) }

// glm4: norms before and after both halves of a layer, gate and up in one matrix, neighbouring dimensions rotated together
// over the first half of each head.
func glm4(f *fields, c *Config) {
	c.HeadDim = get(f, "head_dim", 128)
	c.FusedGateUp = true
	c.Interleaved = true
	c.QKVBias = get(f, "attention_bias", false)
	c.Norms = NormNames{"input_layernorm", "post_self_attn_layernorm", "post_attention_layernorm", "post_mlp_layernorm"}
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000, partial: 0.5}))
}
