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
	window := getNull(f, "sliding_window", def, 0)
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

// maybeWindows is windows for the families whose use_sliding_window is off unless set.
func (f *fields) maybeWindows(c *Config, def int, slides func(layer int) bool) {
	get(f, "max_window_layers", 0) // Qwen's own key, which others carry along
	if get(f, "use_sliding_window", false) {
		f.windows(c, def, slides)
		return
	}
	get(f, "sliding_window", 0)
	f.layerTypes(c)
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

// Stretched is the encoding whose angles depend on how long the longest row of a batch is (longrope, dynamic); nil = none does.
func (c *Config) Stretched() *Rope {
	for _, l := range c.Layers {
		if l.Rope != nil && (l.Rope.Type == "longrope" || l.Rope.Type == "dynamic") {
			return l.Rope
		}
	}
	return nil
}
