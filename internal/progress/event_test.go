package progress_test

import (
	"testing"

	"fettle/internal/progress"

	"github.com/google/go-cmp/cmp"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name string
		in   progress.Event
		want string
	}{
		{"known total", progress.Event{Stage: "train", Label: "steps", Done: 30, Total: 120, Unit: "steps", Rate: 2, Left: 45, Text: "loss 1.25"},
			"train   steps     ▕█████               ▏  25% 30 steps · 2/s · loss 1.25 · 0:45 left"},
		{"unknown total", progress.Event{Stage: "ingest", Label: "rows", Done: 12345, Unit: "rows"}, "ingest  rows      12,345 rows"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.in.Line()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCountAndDuration(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := progress.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for s, want := range map[float64]string{7: "0:07", 723: "12:03", 3723: "1:02:03"} {
		if got := progress.Duration(s); got != want {
			t.Errorf("Duration(%v) = %q, want %q", s, got, want)
		}
	}
}
