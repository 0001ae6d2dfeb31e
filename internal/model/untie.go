package model

import (
	"encoding/json"
	"maps"
)

// Untied is the same decoder with a head of its own, lm_head.weight, where the embedding served as one.
func (m *Model) Untied() (*Model, error) {
	c := *m.Config
	c.Tied = false
	c.raw = maps.Clone(c.raw)
	if c.raw != nil {
		c.raw["tie_word_embeddings"] = json.RawMessage("false")
	}
	return New(&c)
}
