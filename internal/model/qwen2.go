package model

func init() { register("qwen2", absent{kvHeads: 32, positions: 32768}, qwen2) }

// qwen2: Qwen 2 and 2.5, DeepSeek-R1 distills of Qwen. q, k and v always have a bias; the window, where it is used at all,
// slides from layer max_window_layers on.
func qwen2(f *fields, c *Config) {
	c.QKVBias = true
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
	f.lateWindows(c)
}

// lateWindows: use_sliding_window is off unless set, and max_window_layers counts the layers without a window.
func (f *fields) lateWindows(c *Config) {
	first := get(f, "max_window_layers", 28)
	f.maybeWindows(c, 4096, func(layer int) bool { return layer >= first })
}
