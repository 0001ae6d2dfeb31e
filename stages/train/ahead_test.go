package train

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is foreseen of any number is what the steps come to, also behind a window that is short and an epoch's end.
func TestForeseenIsWhatComes(t *testing.T) {
	tr := newBench(t).start(t, laid(documents(46), 2, 32), "lora", func(s *Settings) { s.Batch, s.Epochs = Batch{Rows: 2, Accumulate: 5}, 3 })
	perEpoch, total := tr.settings.steps(len(tr.data.blocks))
	var want, got [][]int
	for step := range total {
		order := tr.data.order(tr.seed, step/perEpoch, true)
		size := 10
		blocks := order[step%perEpoch*size : min((step%perEpoch+1)*size, len(order))]
		for len(blocks) > 0 {
			n := min(2, len(blocks))
			want, blocks = append(want, blocks[:n]), blocks[n:]
		}
	}
	for number := int64(0); ; {
		blocks, next := tr.blocksOf(number)
		if len(blocks) == 0 {
			break
		}
		got, number = append(got, blocks), next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// await waits for what is being prepared.
func (t *training) await() {
	for number, ready := range t.ahead.ready {
		m := <-ready
		again := make(chan *micro, 1)
		again <- m
		t.ahead.ready[number] = again
	}
}

// Every micro-batch but the first is ready when its turn comes, and nothing is left at the end.
func TestAheadPreparesEveryMicroBatch(t *testing.T) {
	tr := newBench(t).start(t, laid(documents(46), 2, 32), "lora", func(s *Settings) { s.Batch = Batch{Rows: 2, Accumulate: 3} })
	perEpoch, total := tr.settings.steps(len(tr.data.blocks))
	for tr.state.step < total {
		first := int64(tr.state.step) * 3
		if _, ok := tr.ahead.ready[first]; !ok && tr.state.step > 0 {
			t.Errorf("step %d: its first micro-batch is not prepared", tr.state.step+1)
		}
		if err := tr.step(t.Context(), perEpoch, total); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tr.ahead.ready); n != 0 {
		t.Errorf("%d micro-batches are left", n)
	}
	if tr.ahead.busy <= 0 {
		t.Error("no computing was timed")
	}
}

// What is not computing is idle, never less than nothing.
func TestIdle(t *testing.T) {
	for _, tt := range []struct {
		seconds []float64
		busy    time.Duration
		want    float64
	}{
		{nil, 0, 0},
		{[]float64{1, 3}, time.Second, 0.75},
		{[]float64{1, 3}, 4 * time.Second, 0},
		{[]float64{1}, 2 * time.Second, 0}, // the clocks of steps and of programs are two
	} {
		tr := training{seconds: tt.seconds, ahead: ahead{busy: tt.busy}}
		if got := tr.idle(); got != tt.want {
			t.Errorf("%v s, %v busy: %v, want %v", tt.seconds, tt.busy, got, tt.want)
		}
	}
}

// A training that stops leaves nothing behind that was made ahead.
func TestStopThrowsAwayWhatIsAhead(t *testing.T) {
	tr := newBench(t).start(t, laid(documents(46), 2, 32), "lora", func(s *Settings) { s.Batch = Batch{Rows: 2, Accumulate: 3} })
	perEpoch, total := tr.settings.steps(len(tr.data.blocks))
	if err := tr.step(t.Context(), perEpoch, total); err != nil {
		t.Fatal(err)
	}
	if len(tr.ahead.ready) == 0 {
		t.Fatal("nothing is ahead")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := tr.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was stopped", err)
	}
	if n := len(tr.ahead.ready); n != 0 {
		t.Errorf("%d micro-batches are left", n)
	}
}
