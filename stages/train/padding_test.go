package train

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
)

// How long the blocks are that documents lie in, and how much of them is padding, changes neither losses nor gradients (trap 9):
// up to the order of float32 sums, every step is that of the shortest blocks.
func TestPaddingChangesNothing(t *testing.T) {
	b, docs := newBench(t), documents(9)
	for _, mode := range []string{"lora", "full"} {
		t.Run(mode, func(t *testing.T) {
			var want []schemas.Step
			for _, length := range []int{16, 64, 128} {
				tr := b.start(t, laid(docs, 1, length), mode, func(s *Settings) { s.Epochs = 2 })
				if err := tr.run(context.Background()); err != nil {
					t.Fatal(err)
				}
				got := tr.state.history
				if want == nil {
					want = got
				}
				if len(got) != len(want) || len(got) != 6 {
					t.Fatalf("length %d: %d steps, %d at length 16", length, len(got), len(want))
				}
				for i, w := range want {
					if g := got[i]; math.Abs(g.Loss-w.Loss) > 2e-6*w.Loss || math.Abs(g.GradNorm-w.GradNorm) > 2e-5*w.GradNorm || g.Tokens != w.Tokens {
						t.Errorf("length %d: %s", length, cmp.Diff(w, g))
					}
				}
			}
		})
	}
}
