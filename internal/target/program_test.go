package target_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/target"
)

// need has 7 bytes without layers, and in every layer its place among the figures times ten.
func need(layers int64) target.Need {
	return target.Need{Name: "gradients", Beside: 7 + 60*layers, CuDNN: int(2 * layers), Memory: target.Memory{
		Arguments: 7 + 10*layers, Outputs: 7 + 20*layers, Temporaries: 7 + 30*layers, Code: 7 + 40*layers, Peak: 7 + 50*layers}}
}

func TestScale(t *testing.T) {
	got, err := target.Scale(target.Needs{need(2)}, target.Needs{need(4)}, 2, 4, 80)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(target.Needs{need(80)}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := target.Scale(got, got, 4, 4, 80); err == nil {
		t.Error("two points at one place made a line")
	}
}

func TestTotalIsTheWorstProgram(t *testing.T) {
	all := target.Needs{
		{Memory: target.Memory{Peak: 10}, Beside: 5},
		{Memory: target.Memory{Peak: 2}, Beside: 14},
		{Memory: target.Memory{Peak: 12}},
	}
	if got := all.Total(); got != 16 {
		t.Errorf("total is %d, want 16", got)
	}
}
