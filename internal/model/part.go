package model

import "reflect"

// First is the model with its first n layers alone.
func (m *Model) First(n int) (*Model, error) {
	c := *m.Config
	c.Layers = c.Layers[:n]
	return New(&c)
}

// Period is the number of layers after which the kinds of layers repeat: 1 where all are alike.
func (c *Config) Period() int {
	for n := 1; n < len(c.Layers); n++ {
		if c.repeats(n) {
			return n
		}
	}
	return len(c.Layers)
}

func (c *Config) repeats(n int) bool {
	for i := n; i < len(c.Layers); i++ {
		if !reflect.DeepEqual(c.Layers[i], c.Layers[i-n]) {
			return false
		}
	}
	return true
}
