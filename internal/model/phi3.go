package model

func init() { register("phi3", absent{positions: 4096, eps: 1e-5}, phi3) }

// phi3: Phi-3 and 3.5 mini. q, k and v are one matrix, gate and up another; only the first part of each head may be rotated;
// longrope has factors for short and for long inputs.
func phi3(f *fields, c *Config) {
	c.FusedQKV, c.FusedGateUp = true, true
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias = bias, bias
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000, original: 4096}))
	only(f, "full_attn_mod", 1) // Phi-4 mini carries these two and the head bias, unused
	only(f, "interpolate_factor", 1)
	only(f, "lm_head_bias", false)
	f.windows(c, 0, func(int) bool { return true })
}
