package lora

import (
	"fmt"
	"math"
	"strings"

	"fettle/internal/safetensors"
)

// copyOf is the parameter of the base that a tensor of an adapter's file is a copy of: PEFT saves what an adapter on the embedding
// or the head lies upon, and with save_embedding_layers both as they are.
func (a *Adapter) copyOf(stored string) (parameter string, ok bool) {
	for _, module := range []string{embedModule, headModule} {
		for _, leaf := range []string{".base_layer.weight", ".weight"} {
			if stored == prefix+module+leaf {
				return a.weightOf(Module{Name: module}), true
			}
		}
	}
	return "", false
}

// keepCopies takes the copies of the base out of the names that belong to no target, and gives the rest.
func (a *Adapter) keepCopies(f *safetensors.File, strange []string) (rest []string, err error) {
	for _, stored := range strange {
		parameter, ok := a.copyOf(stored)
		if !ok {
			rest = append(rest, stored)
			continue
		}
		values, err := f.Float32(stored)
		if err != nil {
			return nil, err
		}
		if a.copies == nil {
			a.copies = map[string][]float32{}
		}
		a.copies[parameter] = values
	}
	return rest, nil
}

// SameBase compares the copies of the base that came with the adapter with the base itself. PEFT would put them in its place;
// where they differ (an embedding that was enlarged or trained apart) that is said, not done.
func (a *Adapter) SameBase(base Source) error {
	for parameter, theirs := range a.copies {
		ours, err := base(parameter)
		if err != nil {
			return fmt.Errorf("adapter: %w", err)
		}
		module, _ := strings.CutSuffix(parameter, ".weight")
		if len(ours) != len(theirs) {
			return fmt.Errorf("adapter: it was trained on another base: its %s has %d values, this one's %d", module, len(theirs), len(ours))
		}
		for i, v := range ours {
			// Either may have been rounded to 16 bits: bfloat16 keeps 8 digits, float16 nothing below 6e-8.
			if d := math.Abs(float64(v - theirs[i])); !(d <= math.Abs(float64(v))/128+1e-6) {
				return fmt.Errorf("adapter: it was trained on another base: it brings a %s that differs from this one's by %.1e", module, d)
			}
		}
	}
	return nil
}
