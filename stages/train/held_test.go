package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
)

func evaluated(losses ...float64) (h []schemas.Step) {
	for i, l := range losses {
		s := schemas.Step{Step: int64(i + 1)}
		if l > 0 {
			s.EvalLoss = &l
		}
		h = append(h, s)
	}
	return h
}

func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name   string
		held   Held
		losses []float64
		want   int64 // the step that ends it, 0 = none
	}{
		{name: "never without patience", held: Held{}, losses: []float64{1, 2, 3, 4}},
		{name: "falls all the time", held: Held{Patience: 1}, losses: []float64{4, 3, 2, 1}},
		{name: "one worse is enough", held: Held{Patience: 1}, losses: []float64{2, 1, 1.5, 0.5}, want: 3},
		{name: "equal is not better", held: Held{Patience: 1}, losses: []float64{2, 2}, want: 2},
		{name: "two in a row", held: Held{Patience: 2}, losses: []float64{2, 3, 1, 2, 2}, want: 5},
		{name: "steps without evaluation do not count", held: Held{Patience: 1}, losses: []float64{2, 0, 0, 3}, want: 4},
		{name: "too little better", held: Held{Patience: 2, MinDelta: 0.5}, losses: []float64{2, 1.8, 1.6}, want: 3},
		{name: "transformers compares with the lowest, not with the last that counted", held: Held{Patience: 3, MinDelta: 0.5}, losses: []float64{2, 1.7, 1.4, 1.1}, want: 4},
	} {
		history, got := evaluated(c.losses...), int64(0)
		for i := range history {
			if c.held.impatient(history[:i+1]) {
				got = history[i].Step
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: ends at step %d, want %d", c.name, got, c.want)
		}
	}
}

// The loss on held-out rows does not depend on how they are batched or packed.
func TestHeldLossByAnyBatch(t *testing.T) {
	b, docs := newBench(t), documents(11)
	var want float64
	for i, c := range []struct{ each, length, rows int }{{1, 16, 1}, {1, 16, 4}, {1, 16, 11}, {3, 64, 2}} {
		tr := b.start(t, laid(docs, 1, 16), "full", func(s *Settings) { s.Batch.Rows = c.rows })
		tr.held = laid(docs, c.each, c.length)
		got, err := tr.heldLoss(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = got
		}
		if math.Abs(got-want) > 1e-6*want {
			t.Errorf("%+v: loss %v, want %v", c, got, want)
		}
	}
}

func TestSplitKeepsBlocksWhole(t *testing.T) {
	d := laid(documents(40), 2, 32)
	train, held := d.split(0.2)
	if len(held.blocks) != 4 || len(train.blocks) != 16 {
		t.Errorf("%d trained, %d held", len(train.blocks), len(held.blocks))
	}
	_, again := d.split(0.2)
	if diff := cmp.Diff(held.blocks, again.blocks, cmp.AllowUnexported(blockData{}, segment{})); diff != "" {
		t.Error(diff)
	}
}

// steer makes a training that learns too fast: its held-out loss falls and rises again.
func steer(t *testing.T, b *bench, mode string) *training {
	train, held := laid(documents(40), 2, 32).split(0.3)
	tr := b.start(t, train, mode, func(s *Settings) {
		s.Optimizer.LR, s.Epochs, s.Schedule.Name = 3e-2, 6, "constant"
		s.Eval = Held{Share: 0.3, Every: 2, Patience: 2, LoadBest: true}
	})
	tr.held = held
	return tr
}

func TestEarlyStopKeepsTheBestWeights(t *testing.T) {
	b := newBench(t)
	whole := steer(t, b, "lora")
	if err := whole.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, total := whole.settings.steps(len(whole.data.blocks))
	lowest := best(whole.state.history)
	if whole.state.step >= total || lowest.Step == int64(whole.state.step) {
		t.Fatalf("stopped at %d of %d, best at %d: the case tests nothing", whole.state.step, total, lowest.Step)
	}
	at := steer(t, b, "lora")
	for int64(at.state.step) < lowest.Step {
		perEpoch, total := at.settings.steps(len(at.data.blocks))
		if err := at.step(t.Context(), perEpoch, total); err != nil {
			t.Fatal(err)
		}
	}
	whole.state.settle()
	if diff := furthest(values(t, at.state.weights), values(t, whole.state.weights)); diff != 0 {
		t.Errorf("weights differ by %v from those of step %d", diff, lowest.Step)
	}
	if loss, err := whole.heldLoss(t.Context()); err != nil || loss != *lowest.EvalLoss {
		t.Errorf("loss %v (%v), want %v", loss, err, *lowest.EvalLoss)
	}
}

// Wherever an evaluated training is cut, also between a step and its evaluation, it ends the same.
func TestResumeWithEvaluations(t *testing.T) {
	b := newBench(t)
	whole := steer(t, b, "lora")
	if err := whole.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := whole.state.step
	whole.state.settle()
	want := values(t, whole.state.weights)
	for stop := 1; stop <= end; stop++ {
		first := steer(t, b, "lora")
		ctx, cancel := context.WithCancel(t.Context())
		perEpoch, total := first.settings.steps(len(first.data.blocks))
		for first.state.step < stop {
			if err := first.step(ctx, perEpoch, total); err != nil {
				t.Fatal(err)
			}
			if first.state.step < stop && first.due(total) {
				if err := first.evaluate(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		cancel()
		if err := first.run(ctx); err == nil {
			t.Fatal("a cancelled run ended without an error")
		}
		second := steer(t, b, "lora")
		second.dir = first.dir
		if ok, err := second.state.restore(first.dir, second.program.trainable); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := second.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.state.history, second.state.history); diff != "" {
			t.Errorf("stopped after step %d: history %s", stop, diff)
		}
		second.state.settle()
		if diff := furthest(want, values(t, second.state.weights)); diff != 0 {
			t.Errorf("stopped after step %d: weights differ by %v", stop, diff)
		}
	}
}

// One block cannot be both trained and kept out, and a share may not take all of a few.
func TestHeldShareLeavesSomething(t *testing.T) {
	docs := documents(4)
	for _, c := range []struct {
		each        int
		share       float64
		train, held int // blocks; 0 = an error
	}{{each: 4, share: 0.1}, {each: 2, share: 0.9}, {each: 2, share: 0.1, train: 1, held: 1}, {each: 1, share: 0.5, train: 2, held: 2}} {
		train, held, err := Held{Every: 1, Share: c.share}.held(laid(docs, c.each, 64), nil, 0)
		switch {
		case c.train == 0:
			if err == nil || !strings.Contains(err.Error(), "nothing is left to train") {
				t.Errorf("%+v: %v", c, err)
			}
		case err != nil || len(train.blocks) != c.train || len(held.blocks) != c.held:
			t.Errorf("%+v: %v, %v, %v", c, train, held, err)
		}
	}
}

func TestHeldSettings(t *testing.T) {
	for _, c := range []struct {
		held Held
		want []string
	}{
		{held: Held{}},
		{held: Held{Every: 5, Patience: 2, MinDelta: 0.1, LoadBest: true, Share: 0.1}},
		{held: Held{LoadBest: true, Share: 0.1}, want: []string{"load_best", "share"}},
		{held: Held{Every: 5, MinDelta: 0.1}, want: []string{"min_delta"}},
	} {
		var got []string
		c.held.Check(func(field, _ string) { got = append(got, field) })
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v: %s", c.held, diff)
		}
	}
}
