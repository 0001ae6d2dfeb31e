package model

func init() { register("smollm3", absent{kvHeads: 4, positions: 32768, tied: true}, smollm3) }

// smollm3: every fourth layer has no position encoding, unless no_rope_layers (1 = RoPE, 0 = none) says otherwise. A window,
// where one is used at all, slides over the layers without positions.
func smollm3(f *fields, c *Config) {
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias, c.MLPBias = bias, bias, get(f, "mlp_bias", false)
	c.everyLayer(f.rope(c, ropeDefaults{theta: 2e6}))
	interval := f.atLeast(1, "no_rope_layer_interval", 4)
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
	f.maybeWindows(c, 0, func(layer int) bool { return c.Layers[layer].Rope == nil })
}
