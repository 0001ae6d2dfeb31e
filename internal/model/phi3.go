package model

func init() { register("phi3", absent{positions: 4096, eps: 1e-5}, phi3) }

// phi3: Phi-3 and 3.5 mini. q, k and v are one matrix, gate and up another; only the first part of each head may be rotated;
// longrope has factors for short and for long inputs.
func phi3(f *fields, c *Config) {
	c.FusedQKV, c.FusedGateUp = true, true
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias = bias, bias
	r := f.rope(c, ropeDefaults{theta: 10000, partial: 1, original: 4096})
	if r != nil && r.Type != "default" && r.Type != "longrope" {
		f.fault("rope_type %q is not supported for phi3 (default, longrope)", r.Type)
	}
	c.everyLayer(r)
	only(f, "full_attn_mod", 1) // Phi-4 mini carries these two and the head bias, unused
	only(f, "interpolate_factor", 1)
	only(f, "lm_head_bias", false)
	if f.has("layer_types") {
		f.fault("layer_types: %s: this family has none, every layer slides over sliding_window", f.raw["layer_types"])
	}
	f.windows(c, 0, func(int) bool { return true })
}
