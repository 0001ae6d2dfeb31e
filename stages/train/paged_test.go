package train

import "testing"

// A paged state gives the bits of one that is not, for every optimizer; and a resumed training those of a straight one.
func TestPagedAndResumedGiveTheSameBits(t *testing.T) {
	b, d := newBench(t), laid(documents(12), 2, 32)
	for _, kind := range []string{"adamw", "adamw8bit", "adafactor", "lion", "sgd"} {
		begin := func(paged bool) *training {
			return b.start(t, d, "full", func(s *Settings) {
				s.Optimizer.Name, s.Optimizer.Paged, s.Optimizer.WeightDecay, s.Optimizer.LR = kind, paged, 0.01, 1e-3
			})
		}
		straight, paged, first, second := begin(false), begin(true), begin(false), begin(true)
		ctx := t.Context()
		for _, tr := range []*training{straight, paged} {
			if err := tr.run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		want := values(t, straight.state.weights)
		if diff := furthest(want, values(t, paged.state.weights)); diff != 0 {
			t.Errorf("%s paged: weights differ by %v", kind, diff)
		}
		perEpoch, total := first.settings.steps(len(d.blocks))
		for first.state.step < total/2 {
			if err := first.step(ctx, perEpoch, total); err != nil {
				t.Fatal(err)
			}
		}
		if err := first.state.save(first.dir, first.program.trainable); err != nil {
			t.Fatal(err)
		}
		if ok, err := second.state.restore(first.dir, second.program.trainable); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := second.run(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := furthest(want, values(t, second.state.weights)); diff != 0 {
			t.Errorf("%s resumed: weights differ by %v", kind, diff)
		}
	}
}
