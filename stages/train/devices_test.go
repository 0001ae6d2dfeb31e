package train

import (
	"context"
	"math"
	"strings"
	"testing"
)

// Devices share a step's micro-batches: the same losses, norms and weights as on one, up to the order in which their sums are
// added (float32), with and without dropout, over windows that do not fill all devices.
func TestDevices(t *testing.T) {
	b := newBench(t)
	if n := b.backend.NumDevices(); n < 3 {
		tr := b.start(t, laid(documents(16), 2, 32), "lora", func(s *Settings) { s.Devices = n + 1 })
		if err := tr.run(context.Background()); err == nil || !strings.Contains(err.Error(), "the backend has 1") {
			t.Errorf("more devices than there are: %v", err)
		}
		t.Skipf("the backend has %d devices", n)
	}
	for _, mode := range []string{"lora", "full"} {
		t.Run(mode, func(t *testing.T) {
			train := func(devices int) *training {
				tr := b.start(t, laid(documents(18), 2, 32), mode, func(s *Settings) {
					s.Batch, s.Devices, s.Epochs = Batch{Rows: 2, Accumulate: 3}, devices, 3
					s.LoRA.Dropout = 0.1
				})
				if err := tr.run(context.Background()); err != nil {
					t.Fatal(err)
				}
				return tr
			}
			one := train(1)
			many := train(3)
			if len(many.state.history) != len(one.state.history) || len(one.state.history) != 6 {
				t.Fatalf("%d steps, want %d", len(many.state.history), len(one.state.history))
			}
			for i, want := range one.state.history {
				got := many.state.history[i]
				if math.Abs(got.Loss-want.Loss) > 1e-6*want.Loss || math.Abs(got.GradNorm-want.GradNorm) > 1e-5*want.GradNorm || got.Tokens != want.Tokens {
					t.Errorf("step %d: loss %v, norm %v, %d tokens; on one device %v, %v, %d", i, got.Loss, got.GradNorm, got.Tokens, want.Loss, want.GradNorm, want.Tokens)
				}
			}
		})
	}
}
