package model

func init() { register("olmo2", absent{positions: 2048, eps: 1e-5}, olmo2) }

// olmo2 normalises what attention and feed-forward give rather than what they get, and q and k over all heads at once.
func olmo2(f *fields, c *Config) {
	c.Norms = NormNames{PostAttn: "post_attention_layernorm", PostMLP: "post_feedforward_layernorm"}
	c.QKNorm = FullQKNorm
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias = bias, bias
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
}
