package model

// everyLayer gives all layers the same position encoding and full attention.
func (c *Config) everyLayer(r *Rope) {
	for i := range c.Layers {
		c.Layers[i] = Layer{Rope: r}
	}
}

// windows sets the sliding window of the layers that slide: what layer_types says, else what the family's rule says. A
// config without a window, or with use_sliding_window false, slides nowhere.
func (f *fields) windows(c *Config, def int, slides func(layer int) bool) {
	window := get(f, "sliding_window", def)
	if _, set := f.raw["sliding_window"]; set && !f.has("sliding_window") {
		window = 0 // an explicit null is off; only an absent key means the family's default
	}
	if !get(f, "use_sliding_window", true) {
		window = 0
	}
	types := f.layerTypes(c)
	for i := range c.Layers {
		slide := slides(i)
		if types != nil {
			slide = types[i] == sliding
		}
		if slide && window > 0 {
			c.Layers[i].Window = window
		}
	}
}

const (
	sliding = "sliding_attention"
	full    = "full_attention"
)

// layerTypes reads layer_types: one entry a layer, or nil when the config leaves it to the family's rule.
func (f *fields) layerTypes(c *Config) []string {
	types := get(f, "layer_types", []string(nil))
	if types == nil {
		return nil
	}
	if len(types) != len(c.Layers) {
		f.fault("layer_types: %d entries for %d layers", len(types), len(c.Layers))
		return nil
	}
	for _, t := range types {
		if t != sliding && t != full {
			f.fault("layer_types: %q is not supported (%s, %s)", t, full, sliding)
		}
	}
	return types
}

// LongRope is the number of positions up to which the model's longrope uses its short factors; 0 when it has no longrope.
func (c *Config) LongRope() int {
	for _, l := range c.Layers {
		if l.Rope != nil && l.Rope.Type == "longrope" {
			return l.Rope.Original
		}
	}
	return 0
}
