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
