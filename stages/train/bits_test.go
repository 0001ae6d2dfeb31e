package train

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/shared"
)

// The predicted cost of a matrix against what the loss really does when that matrix alone is quantised: they must agree in
// order, and a measured error must be the one that the weights give.
func TestSensitivityPredictsTheLoss(t *testing.T) {
	root := shared.Path(t, "golden/models")
	dir := filepath.Join(root, "families", "llama3")
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := goldenBlocks(t, filepath.Join(root, "lora", "batches-llama3.safetensors"))
	d = d.sample(12)
	r := quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}
	plain, err := m.LoadWith(quant.Plain().Loader(&quant.Set{}, nil), dir)
	if err != nil {
		t.Fatal(err)
	}
	set := quant.Set{}
	packed, err := m.LoadWith(r.Loader(&set, nil), dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &calibration{model: m, backend: backendtest.Open(t).Backend, modules: r.Modules(m)}
	all, err := c.measure(t.Context(), plain, packed, &set, d)
	if err != nil {
		t.Fatal(err)
	}
	base, err := c.loss(t.Context(), plain, &quant.Set{}, d)
	if err != nil {
		t.Fatal(err)
	}
	// Quantise all but one: what the one's return to plain weights brings.
	whole, err := c.loss(t.Context(), packed, &set, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if !(s.Error > 1e-4 && s.Error < 0.1) || s.Cost <= 0 {
			t.Errorf("%s: error %v, cost %v", s.Module, s.Error, s.Cost)
		}
	}
	half := r
	half.Bits = 10
	best := slices.Clone(all)
	keep, bits := half.Choose(best)
	if bits > 10 || bits < 8 {
		t.Errorf("%.2f bits for a budget of 10", bits)
	}
	// The same share of weights, but the matrices that cost least.
	worst := slices.Clone(all)
	for i := range worst {
		worst[i].Kept, worst[i].Cost = false, 1/worst[i].Cost
	}
	other, _ := half.Choose(worst)
	loss := func(keep []string) float64 {
		mixed := quant.Set{}
		w, err := m.LoadWith(r.Keeping(keep).Loader(&mixed, nil), dir)
		if err != nil {
			t.Fatal(err)
		}
		l, err := c.loss(t.Context(), w, &mixed, d)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	chosen, poor := loss(keep), loss(other)
	t.Logf("plain %.5f, all in nf4 %.5f, dearest kept %.5f, cheapest kept %.5f (%d and %d matrices)", base, whole, chosen, poor, len(keep), len(other))
	if !(math.Abs(chosen-base) < math.Abs(poor-base)) {
		t.Errorf("keeping what costs most leaves %.5f, what costs least %.5f, of plain %.5f", chosen, poor, base)
	}
}

// What costs most for the bits that it saves stays, not what costs most; what does not fit leaves room for what does.
func TestCheapestOrderIsByCostPerBit(t *testing.T) {
	all := []quant.Sensitivity{{Module: "big", Weights: 800, Cost: 5}, {Module: "wide", Weights: 200, Cost: 3}, {Module: "small", Weights: 100, Cost: 2},
		{Module: "tiny", Weights: 100, Cost: 1.9}, {Module: "free", Weights: 10}}
	r := quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}
	at := func(weights float64) float64 { return r.BitsPerWeight() + weights/1210*(16-r.BitsPerWeight()) }
	for _, tt := range []struct {
		room, spent float64
		want        []string
	}{
		{99, 0, nil},
		{100, 100, []string{"small"}},
		{210, 200, []string{"small", "tiny"}},
		{400, 400, []string{"wide", "small", "tiny"}},
		{1210, 1200, []string{"big", "wide", "small", "tiny"}},
	} {
		r.Bits = at(tt.room + 0.5)
		keep, bits := r.Choose(slices.Clone(all))
		if !slices.Equal(keep, tt.want) {
			t.Errorf("room for %v: kept %v, want %v", tt.room, keep, tt.want)
		}
		if math.Abs(bits-at(tt.spent)) > 1e-12 {
			t.Errorf("room for %v: %v bits, want %v", tt.room, bits, at(tt.spent))
		}
	}
}
