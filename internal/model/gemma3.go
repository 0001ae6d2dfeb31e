package model

import (
	"bytes"
	"encoding/json"
)

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
	period := f.atLeast(1, "sliding_window_pattern", f.atLeast(1, "_sliding_window_pattern", 6))
	f.windows(c, 4096, func(layer int) bool { return (layer+1)%period != 0 })
	f.mustSlide()
	types := f.layerTypes(c)
	for i := range c.Layers {
		slides := (i+1)%period != 0
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
	theta := getNull(f, "rope_theta", 1e6, 0)
	localTheta := getNull(f, "rope_local_base_freq", 1e4, 0)
	scaling := get(f, "rope_scaling", json.RawMessage(nil))
	byType := map[string]json.RawMessage{full: scaling, sliding: nil}
	where := "rope_scaling"
	if f.has("rope_parameters") {
		f.oneRope()
		where = "rope_parameters." + full
		byType = get(f, "rope_parameters", byType)
		for name := range byType {
			if name != full && name != sliding {
				f.fault("rope_parameters: want %s and %s, found %q", full, sliding, name)
			}
		}
	}
	if old := byType[full]; old != nil && where == "rope_scaling" && !bytes.Contains(old, []byte(`"rope_type"`)) {
		f.fault("rope_scaling: %s: this family reads rope_type, not type, and would not scale", old) // as transformers would not
	}
	global = f.parseRope(c, where, byType[full], ropeDefaults{theta: theta, base: "rope_theta"})
	local = f.parseRope(c, "rope_parameters."+sliding, byType[sliding], ropeDefaults{theta: localTheta, base: "rope_local_base_freq"})
	return global, local
}
