package model

func init() { register("llama", absent{positions: 2048}, llama) }

// llama: Llama 2 and 3.x, SmolLM 2, DeepSeek-R1 distills of Llama, and everything saved in their form.
func llama(f *fields, c *Config) {
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias, c.MLPBias = bias, bias, get(f, "mlp_bias", false)
	only(f, "rope_interleaved", false)
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
}
