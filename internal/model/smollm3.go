package model

func init() { register("smollm3", smollm3) }

// smollm3: every fourth layer has no position encoding, unless no_rope_layers (1 = RoPE, 0 = none) says otherwise.
func smollm3(f *fields, c *Config) {
	c.Tied = get(f, "tie_word_embeddings", true)
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias, c.MLPBias = bias, bias, get(f, "mlp_bias", false)
	c.everyLayer(f.rope(c, ropeDefaults{theta: 2e6}))
	f.lateWindows(c)
	interval := max(1, get(f, "no_rope_layer_interval", 4))
	use := get(f, "no_rope_layers", []int(nil))
	if use != nil && len(use) != len(c.Layers) {
		f.fault("no_rope_layers: %d entries for %d layers", len(use), len(c.Layers))
		return
	}
	for i := range c.Layers {
		if use != nil && use[i] == 0 || use == nil && (i+1)%interval == 0 {
			c.Layers[i].Rope = nil
		}
	}
}
