package model

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// Model is a decoder without weights: what it is made of and how it computes.
type Model struct {
	Config *Config
}

// Weights holds tensors by their Hugging Face names.
type Weights map[string]*tensors.Tensor

// New makes the decoder that a config describes.
func New(cfg *Config) (*Model, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return &Model{Config: cfg}, nil
}

// Open reads the config of a model directory and makes its decoder; Load reads its weights.
func Open(dir string) (*Model, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	return New(cfg)
}

// Names are the names of all weights, sorted: the order in which programs take them.
func (w Weights) Names() []string { return slices.Sorted(maps.Keys(w)) }
