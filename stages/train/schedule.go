package train

import (
	"fmt"
	"math"
	"slices"
)

// Schedule is the learning rate over the steps, by the names and formulas of transformers (optimization.py). Step i, counted
// from 0, uses At(i, total) of the highest rate: after a warmup the first step uses 0.
type Schedule struct {
	Name       string  `json:"name" check:"oneof=constant|constant_with_warmup|linear|cosine|cosine_with_restarts|cosine_with_min_lr|cosine_warmup_with_min_lr|polynomial|inverse_sqrt|warmup_stable_decay" jsonschema:"shape after the warmup"`
	Warmup     int     `json:"warmup" check:"min=0" jsonschema:"steps up to the highest rate"`
	MinRate    float64 `json:"min_rate" check:"min=0,max=1" jsonschema:"lowest rate as a share of the highest (the min_lr schedules, polynomial, warmup_stable_decay)"`
	Cycles     float64 `json:"cycles" check:"min=0" jsonschema:"waves of the cosine schedules (0 = the usual: half a wave, one restart cycle)"`
	Power      float64 `json:"power" check:"min=0" jsonschema:"of polynomial (0 = 1)"`
	Timescale  int     `json:"timescale" check:"min=0" jsonschema:"of inverse_sqrt (0 = the warmup, or 10,000)"`
	Decay      int     `json:"decay" check:"min=0" jsonschema:"steps of the decay of warmup_stable_decay"`
	DecayType  string  `json:"decay_type" check:"oneof=|linear|cosine|1-sqrt" jsonschema:"its shape (default cosine)"`
	WarmupType string  `json:"warmup_type" check:"oneof=|linear|cosine|1-sqrt" jsonschema:"shape of its warmup (default linear)"`
}

// readers says which schedules read a setting; the others must leave it alone.
var readers = map[string][]string{
	"min_rate":    {"cosine_with_min_lr", "cosine_warmup_with_min_lr", "polynomial", "warmup_stable_decay"},
	"cycles":      {"cosine", "cosine_with_restarts", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay"},
	"power":       {"polynomial"},
	"timescale":   {"inverse_sqrt"},
	"decay":       {"warmup_stable_decay"},
	"decay_type":  {"warmup_stable_decay"},
	"warmup_type": {"warmup_stable_decay"},
}

// Check refuses settings that the shape would not read.
func (s Schedule) Check(fault func(field, want string)) {
	set := map[string]bool{"min_rate": s.MinRate != 0, "cycles": s.Cycles != 0, "power": s.Power != 0, "timescale": s.Timescale != 0,
		"decay": s.Decay != 0, "decay_type": s.DecayType != "", "warmup_type": s.WarmupType != ""}
	for field, is := range set {
		if is && !slices.Contains(readers[field], s.Name) {
			fault(field, fmt.Sprintf("left out: %s does not read it", s.Name))
		}
	}
}

// At is the share of the highest rate in step number i (from 0) of total.
func (s Schedule) At(i, total int) float64 {
	switch s.Name {
	case "constant":
		return 1
	case "cosine_warmup_with_min_lr":
		return s.lateCosine(i, total)
	case "warmup_stable_decay":
		return s.stable(i, total)
	}
	if i < s.Warmup {
		return float64(i) / float64(max(1, s.Warmup))
	}
	progress := float64(i-s.Warmup) / float64(max(1, total-s.Warmup))
	switch s.Name {
	case "constant_with_warmup":
		return 1
	case "linear":
		return max(0, float64(total-i)/float64(max(1, total-s.Warmup)))
	case "polynomial":
		if i > total {
			return s.MinRate
		}
		return (1-s.MinRate)*math.Pow(1-progress, or(s.Power, 1)) + s.MinRate
	case "inverse_sqrt":
		scale := s.Timescale
		if scale == 0 {
			scale = s.Warmup
		}
		if scale == 0 {
			scale = 10_000
		}
		return 1 / math.Sqrt(float64(i+scale-s.Warmup)/float64(scale))
	case "cosine_with_restarts":
		if progress >= 1 {
			return 0
		}
		return max(0, 0.5*(1+math.Cos(math.Pi*math.Mod(or(s.Cycles, 1)*progress, 1))))
	}
	return max(0, s.wave(progress)*(1-s.MinRate)+s.MinRate) // cosine, cosine_with_min_lr
}

// wave goes from 1 down: half a wave unless cycles say otherwise.
func (s Schedule) wave(progress float64) float64 {
	return 0.5 * (1 + math.Cos(2*math.Pi*or(s.Cycles, 0.5)*progress))
}

// lateCosine counts steps from 1, so that no step uses 0.
func (s Schedule) lateCosine(i, total int) float64 {
	if i < s.Warmup {
		return float64(i+1) / float64(max(1, s.Warmup))
	}
	progress := float64(i-s.Warmup+1) / float64(max(1, total-s.Warmup))
	return max(0, s.wave(progress)*(1-s.MinRate)+s.MinRate)
}

// stable warms up, holds, and decays over the last steps.
func (s Schedule) stable(i, total int) float64 {
	floor := func(x float64) float64 { return max(0, x*(1-s.MinRate)+s.MinRate) }
	hold := total - s.Warmup - s.Decay
	switch {
	case i < s.Warmup:
		p := float64(i) / float64(max(1, s.Warmup))
		switch s.WarmupType {
		case "cosine":
			return floor(0.5 * (1 - math.Cos(math.Pi*p)))
		case "1-sqrt":
			return floor(1 - math.Sqrt(1-p))
		}
		return floor(p)
	case i < s.Warmup+hold:
		return 1
	case i < s.Warmup+hold+s.Decay:
		p := float64(i-s.Warmup-hold) / float64(max(1, s.Decay))
		switch s.DecayType {
		case "linear":
			return floor(1 - p)
		case "1-sqrt":
			return floor(1 - math.Sqrt(p))
		}
		return floor(s.wave(p))
	}
	return s.MinRate
}

func or(x, usual float64) float64 {
	if x == 0 {
		return usual
	}
	return x
}
