package model

import "slices"

// everyLayer gives all layers the same position encoding and full attention.
func (c *Config) everyLayer(r *Rope) {
	for i := range c.Layers {
		c.Layers[i] = Layer{Rope: r}
	}
}

// windows sets the sliding window of the layers that slide: what layer_types says, else what the family's rule says. A
// config with a null window slides nowhere.
func (f *fields) windows(c *Config, def int, slides func(layer int) bool) {
	window := getNull(f, "sliding_window", def, 0)
	if f.has("sliding_window") && window < 1 {
		f.fault("sliding_window: %d: want at least 1, or null for none", window)
		return
	}
	if use := get(f, "use_sliding_window", true); window > 0 && !use {
		f.fault("use_sliding_window: false: this family slides wherever sliding_window is set: set sliding_window to null")
	}
	types := f.layerTypes(c)
	if window == 0 {
		f.noWindow(types)
		return
	}
	for i := range c.Layers {
		slide := slides(i)
		if types != nil {
			slide = types[i] == sliding
		}
		if slide {
			c.Layers[i].Window = window
		}
	}
}

// mustSlide refuses a null window where the family has layers that slide.
func (f *fields) mustSlide() { f.noNull("sliding_window") }

// noWindow refuses layers that slide over a window that is not given.
func (f *fields) noWindow(types []string) {
	if i := slices.Index(types, sliding); i >= 0 {
		f.fault("layer_types: layer %d is %q, but no window is in use: want sliding_window (and use_sliding_window where the family has it)", i, sliding)
	}
}

// noSlides reads layer_types where the family did not: all it can say there is that every layer is full.
func (f *fields) noSlides(c *Config) {
	if !f.used["layer_types"] {
		f.noWindow(f.layerTypes(c))
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
	f.noWindow(f.layerTypes(c))
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
