package model

func init() {
	register("glm4", absent{kvHeads: 2, headDim: 128, positions: 131072, eps: 1.5625e-7}, glm4)
}

// glm4: norms before and after both halves of a layer, gate and up in one matrix, neighbouring dimensions rotated together
// over the first half of each head.
func glm4(f *fields, c *Config) {
	c.FusedGateUp = true
	c.Interleaved = true
	c.QKVBias = get(f, "attention_bias", true)
	c.Norms = NormNames{"input_layernorm", "post_self_attn_layernorm", "post_attention_layernorm", "post_mlp_layernorm"}
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000, partial: 0.5}))
}
