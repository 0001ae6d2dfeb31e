package train

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
)

// A resumed training knows the seconds of its own steps only.
func TestLogTimesTheStepsOfThisProcess(t *testing.T) {
	r := result{seconds: []float64{0.5, 0.25}, state: &state{history: []schemas.Step{{Step: 1}, {Step: 2}, {Step: 3}}}}
	var got []any
	for _, row := range r.log() {
		got = append(got, row["step_seconds"])
	}
	if d := cmp.Diff([]any{nil, 0.5, 0.25}, got); d != "" {
		t.Error(d)
	}
}

// A training of 10 blocks in windows of 4, that went on after its first step: 2 windows of an epoch are left, the last of 2 blocks,
// and one of the next.
func TestSpeedIsOfThisProcess(t *testing.T) {
	s := Settings{Batch: Batch{Rows: 2, Accumulate: 2}, Epochs: 2}
	got := s.speed(10, result{seconds: []float64{0.5, 0.25, 0.25}, state: &state{step: 4}})
	want := map[string]any{"train_runtime": 1.0, "train_steps_per_second": 3.0, "train_samples_per_second": 10.0}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := s.speed(10, result{state: &state{step: 6}}); got != nil {
		t.Errorf("no step was done, yet: %v", got)
	}
}
