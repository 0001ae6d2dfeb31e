package quant

import (
	"github.com/gomlx/compute"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// Recipe says how a base in plain floats is quantised as it is read; one that bitsandbytes stored is taken as it is.
type Recipe struct {
	Load string `json:"load" check:"oneof=none|nf4" jsonschema:"none: as stored; nf4: 4 bits a weight (QLoRA, arXiv:2305.14314)"`
	Options
	// Bits and Calibrate choose what stays in 16 bits; the choice is made once, by training, and then is a part of Skip.
	Bits      float64 `json:"bits" check:"min=0,max=16" jsonschema:"mean bits of a weight over the matrices: those that nf4 hurts most stay in 16 bits within it; 0 = all in nf4"`
	Calibrate int     `json:"calibrate" check:"min=0" jsonschema:"training blocks that the hurt is measured on (with bits); 0 = 8"`
}

// Plain is the recipe of a base as it is stored.
func Plain() Recipe { return Recipe{Load: "none", Options: Options{Double: true}} }

// Loader reads a model's weights by the recipe, to the backend that computes with them (nil = host memory); the set is filled
// with those that are in 4 bits.
func (r Recipe) Loader(s *Set, b compute.Backend) model.Loader {
	if r.Load == "nf4" {
		return model.Loader{Formats: s.Formats(&r.Options), Backend: b}
	}
	return model.Loader{Formats: s.Formats(nil), Backend: b}
}

// Outline fills the set as the Loader would from plain bfloat16 weights, without reading any.
func (r Recipe) Outline(s *Set, m *model.Model) {
	if r.Load != "nf4" {
		return
	}
	for _, p := range m.Parameters() {
		if r.takes(p) {
			s.put(p.Name, outline(p.Shape, safetensors.BF16, r.Double))
		}
	}
}
