package model

import "encoding/json"

func init() {
	register("gemma3_text", absent{kvHeads: 4, headDim: 256, positions: 131072, tied: true}, gemma3)
}

// gemma3: five sliding layers, then a full one, unless layer_types says otherwise. Sliding layers have their own rope base
// and never stretch positions.
func gemma3(f *fields, c *Config) {
	c.gemma(f)
	c.QKNorm = HeadQKNorm
	get(f, "attn_logit_softcapping", 0.0) // transformers reads it and caps nothing: q and k are normalised instead
	c.LogitSoftcap = get(f, "final_logit_softcapping", 0.0)
	global, local := f.gemma3Ropes(c)
	period := get(f, "sliding_window_pattern", get(f, "_sliding_window_pattern", 6))
	f.windows(c, 4096, func(layer int) bool { return (layer+1)%max(1, period) != 0 })
	types := f.layerTypes(c)
	for i := range c.Layers {
		slides := (i+1)%max(1, period) != 0
		if types != nil {
			slides = types[i] == sliding
		}
		c.Layers[i].Rope = global
		if slides {
			c.Layers[i].Rope = local
		}
	}
}

// gemma3Ropes reads the encodings of full and of sliding layers: nested by layer type (v5), or rope_theta, rope_scaling
// and rope_local_base_freq (v4).
func (f *fields) gemma3Ropes(c *Config) (global, local *Rope) {
	theta := get(f, "rope_theta", 1e6)
	localTheta := get(f, "rope_local_base_freq", 1e4)
	scaling := get(f, "rope_scaling", json.RawMessage(nil))
	byType := map[string]json.RawMessage{full: scaling, sliding: nil}
	if f.has("rope_parameters") {
		byType = get(f, "rope_parameters", byType)
		for name := range byType {
			if name != full && name != sliding {
				f.fault("rope_parameters: want %s and %s, found %q", full, sliding, name)
			}
		}
	}
	global = f.parseRope(c, byType[full], ropeDefaults{theta: theta})
	local = f.parseRope(c, byType[sliding], ropeDefaults{theta: localTheta})
	return global, local
}
