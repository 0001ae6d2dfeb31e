package model

func init() { register("mistral", absent{kvHeads: 8, positions: 4096 * 32}, mistral) }

// mistral: every layer slides over the same window; a config without the key means 4096, null means none.
func mistral(f *fields, c *Config) {
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
	f.windows(c, 4096, func(int) bool { return true })
}
