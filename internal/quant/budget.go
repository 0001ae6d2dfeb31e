package quant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/model"
)

// Sensitivity is what quantising one matrix costs, measured on real activations.
type Sensitivity struct {
	Module  string  `json:"module"`
	Weights int64   `json:"weights"`
	Error   float64 `json:"error"` // |(W-Wq)x|² as a share of |Wx|²
	Cost    float64 `json:"cost"`  // that error weighted by how much the loss cares, in nats per trained token
	Kept    bool    `json:"kept"`  // in 16 bits
}

// Plain16 is what a weight takes that is not quantised.
const plain16 = 16

// BitsPerWeight is what a weight in NF4 takes with its scales.
func (o Options) BitsPerWeight() float64 {
	if o.Double {
		return 4 + 8.0/Block + 32.0/(Block*Block8)
	}
	return 4 + 32.0/Block
}

// Check refuses a budget that cannot be kept.
func (r Recipe) Check(fault func(field, want string)) {
	least := r.BitsPerWeight()
	switch {
	case r.Bits == 0:
	case r.Load != "nf4":
		fault("bits", "left out: load none quantises nothing")
	case r.Bits < least:
		fault("bits", fmt.Sprintf("at least %.3f: what nf4 takes with its scales (0 = all matrices in nf4)", least))
	}
}

// Choose marks the matrices that stay in 16 bits: those whose quantisation costs most for the bits that it saves, as long as
// the mean over all of them is within the budget. It returns their modules in the order given, and the mean that results.
func (r Recipe) Choose(all []Sensitivity) (keep []string, bits float64) {
	order := make([]int, len(all))
	total := int64(0)
	for i, s := range all {
		order[i] = i
		total += s.Weights
	}
	worth := func(i int) float64 { return all[i].Cost / float64(all[i].Weights) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(worth(b), worth(a)) })
	least := r.BitsPerWeight()
	spent, room := int64(0), int64((r.Bits-least)/(plain16-least)*float64(total))
	for _, i := range order {
		if spent+all[i].Weights <= room && all[i].Cost > 0 {
			spent += all[i].Weights
			all[i].Kept = true
		}
	}
	for _, s := range all {
		if s.Kept {
			keep = append(keep, s.Module)
		}
	}
	share := float64(spent) / float64(max(total, 1))
	return keep, least + share*(plain16-least)
}

// Keeping is the recipe with more modules left as they are, and no budget: what loads the choice again.
func (r Recipe) Keeping(modules []string) Recipe {
	r.Skip = append(slices.Clone(r.Skip), modules...)
	r.Bits, r.Calibrate = 0, 0
	return r
}

// Modules are those whose matrices the recipe quantises, in the order of the model.
func (r Recipe) Modules(m *model.Model) (names []string) {
	for _, p := range m.Parameters() {
		if r.Load == "nf4" && r.takes(p) {
			names = append(names, strings.TrimSuffix(p.Name, ".weight"))
		}
	}
	return names
}
