package train

import (
	"fmt"
	"math"
)

// Schedule is the learning rate over the steps, by the names and formulas of transformers.
type Schedule struct {
	Name    string  `json:"name" check:"oneof=constant|constant_with_warmup|linear|cosine|cosine_with_min_lr" jsonschema:"shape after the warmup"`
	Warmup  int     `json:"warmup" check:"min=0" jsonschema:"steps from 0 up to the highest rate; the first uses 0"`
	MinRate float64 `json:"min_rate" check:"min=0,max=1" jsonschema:"last rate as a share of the highest (cosine_with_min_lr)"`
}

// Check refuses a floor that the shape would not read.
func (s Schedule) Check(fault func(field, want string)) {
	if s.MinRate != 0 && s.Name != "cosine_with_min_lr" {
		fault("min_rate", fmt.Sprintf("0, or the schedule cosine_with_min_lr: %s has no floor", s.Name))
	}
}

// At is the share of the highest rate in step number i (from 0) of total.
func (s Schedule) At(i, total int) float64 {
	if s.Name == "constant" {
		return 1
	}
	if i < s.Warmup {
		return float64(i) / float64(max(1, s.Warmup))
	}
	switch s.Name {
	case "constant_with_warmup":
		return 1
	case "linear":
		return max(0, float64(total-i)/float64(max(1, total-s.Warmup)))
	}
	progress := float64(i-s.Warmup) / float64(max(1, total-s.Warmup))
	wave := 0.5 * (1 + math.Cos(math.Pi*progress))
	if s.Name == "cosine_with_min_lr" {
		return max(0, wave*(1-s.MinRate)+s.MinRate)
	}
	return max(0, wave)
}
