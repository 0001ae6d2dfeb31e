package train

import (
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/config"
	"fettle/schemas"
)

// BenchmarkReference compares what a step of DPO costs with what the reference of its pairs costs, in CPU seconds: the latter
// is paid once a pair, or, if every step ran the reference, once a pair and epoch.
func BenchmarkReference(b *testing.B) {
	for _, mode := range []string{"lora", "qlora"} {
		b.Run(mode, func(b *testing.B) {
			s := benchShapes["small"]
			s.trained = 4
			t := s.bench(b, mode, 8)
			for i := range t.data.blocks { // halves of each row as a pair
				half := int32(s.length / 2)
				t.data.blocks[i].segments = []segment{{conversation: int32(i), end: half, side: schemas.Chosen}, {conversation: int32(i), start: half, end: 2 * half, side: schemas.Rejected}}
			}
			o := &DPO{Beta: 0.1, Loss: "sigmoid", Reference: fromStart}
			if err := t.data.judge(config.Choice[Objective]{Name: "dpo", Value: o}); err != nil {
				b.Fatal(err)
			}
			t.program.pref = o
			refer := func() {
				if err := t.refer(b.Context(), t.scorer(), t.data, t.data.order(0, 0, false)); err != nil {
					b.Fatal(err)
				}
			}
			step := func() {
				if err := t.step(b.Context(), 1, 1<<30); err != nil {
					b.Fatal(err)
				}
			}
			refer()
			for range 2 {
				step()
			}
			var stepping, referring float64
			for b.Loop() {
				at := backendtest.CPU(b)
				step()
				middle := backendtest.CPU(b)
				refer()
				stepping, referring = stepping+middle-at, referring+backendtest.CPU(b)-middle
			}
			b.ReportMetric(stepping/float64(b.N), "cpu-s/step")
			b.ReportMetric(referring/float64(b.N), "cpu-s/reference")
		})
	}
}
