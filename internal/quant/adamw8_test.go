package quant_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"fettle/internal/quant"
	"fettle/internal/shared"
)

func TestAdamWEqualsBitsandbytes(t *testing.T) {
	g := open(t, shared.Path(t, "golden/models/qlora/adamw8bit.safetensors"))
	o := quant.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01} // adamw8bit.json
	for _, c := range g.cases(".init") {
		t.Run(c, func(t *testing.T) {
			p := slices.Clone(g.Floats(c + ".init"))
			small := strings.HasPrefix(c, "p32")
			if small != (len(p) < quant.Small) {
				t.Fatalf("%d weights", len(p))
			}
			state, mean, square := quant.NewState(len(p)), make([]float32, len(p)), make([]float32, len(p))
			for step := 1; step <= 20; step++ {
				grad := g.Floats(fmt.Sprintf("%s.grad.%02d", c, step))
				if small {
					o.StepFloat(p, grad, mean, square, 1e-3, step)
					near(t, g, fmt.Sprintf("%s.param.%02d", c, step), p, 1e-6)
					near(t, g, fmt.Sprintf("%s.state1.%02d", c, step), mean, 1e-6)
					near(t, g, fmt.Sprintf("%s.state2.%02d", c, step), square, 1e-6)
					continue
				}
				o.Step(p, grad, state, 1e-3, step)
				near(t, g, fmt.Sprintf("%s.param_nearest.%02d", c, step), p, 2e-4)
				nearCodes(t, g, fmt.Sprintf("%s.state1_nearest.%02d", c, step), state.Mean)
				nearCodes(t, g, fmt.Sprintf("%s.state2_nearest.%02d", c, step), state.Square)
			}
		})
	}
}

func near(t *testing.T, g golden, name string, got []float32, limit float64) {
	t.Helper()
	if _, ok := g.Info(name); !ok {
		return
	}
	worst := 0.0
	for i, v := range g.Floats(name) {
		worst = max(worst, math.Abs(float64(got[i]-v)))
	}
	if !(worst <= limit) {
		t.Errorf("%s differs by %.2e", name, worst)
	}
	t.Logf("%s differs by %.1e", name, worst)
}

// nearCodes wants codes within one step in more than 99 % of places.
func nearCodes(t *testing.T, g golden, name string, got []byte) {
	t.Helper()
	if _, ok := g.Info(name); !ok {
		return
	}
	equal, within := 0, 0
	want := g.bytes(name)
	for i, c := range want {
		switch d := int(c) - int(got[i]); d {
		case 0:
			equal++
			within++
		case 1, -1:
			within++
		}
	}
	if float64(within) < 0.99*float64(len(want)) {
		t.Errorf("%s: %d of %d codes within one step", name, within, len(want))
	}
	t.Logf("%s: %d of %d codes equal", name, equal, len(want))
}
