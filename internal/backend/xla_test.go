//go:build xla && cgo

package backend

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/go-xla/compute/xla"
)

// What XLA's client gets on CUDA: float32 as it is, memory as it is needed up to 1 GiB below all of it, and the user's own last.
func TestCUDAOptions(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		name     string
		memory   int64
		own      string
		want     string // besides the fraction
		fraction bool
	}{
		{name: "a card of 80 GB", memory: 85_100_000_000, want: "tf32=false,preallocate=false", fraction: true},
		{name: "a card of 8 GB", memory: 8_100_000_000, want: "tf32=false,preallocate=false", fraction: true},
		{name: "a small card: XLA's own limit", memory: 4 * gib, want: "tf32=false,preallocate=false"},
		{name: "a driver that does not say", want: "tf32=false,preallocate=false"},
		{name: "the user's win", own: "tf32=true,memory_fraction=0.5", want: "tf32=false,preallocate=false,tf32=true,memory_fraction=0.5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(optionsVariable, tt.own)
			var rest []string
			left := int64(-1)
			for option := range strings.SplitSeq(cudaOptions(tt.memory), ",") {
				if value, ok := strings.CutPrefix(option, "memory_fraction="); ok && tt.fraction {
					fraction, err := strconv.ParseFloat(value, 32) // as go-xla reads it
					if err != nil {
						t.Fatal(err)
					}
					left = tt.memory - int64(fraction*float64(tt.memory))
					continue
				}
				rest = append(rest, option)
			}
			if got := strings.Join(rest, ","); got != tt.want {
				t.Errorf("options %q, want %q", got, tt.want)
			}
			if tt.fraction && (left < gib*99/100 || left > gib*101/100) {
				t.Errorf("%d bytes are left, want 1 GiB", left)
			}
		})
	}
}

// Of two options of one name the last counts: what the user gives comes behind fettle's own.
func TestLastOptionWins(t *testing.T) {
	b, err := Open("xla:cpu")
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	defer b.Finalize()
	for options, want := range map[string]bool{"tf32=false,tf32=true": true, "tf32=true,tf32=false": false} {
		client, err := xla.NewWithOptions(registered("xla:cpu")+","+options, nil)
		if err != nil {
			t.Fatal(err)
		}
		if client.DotGeneralUseTF32 != want {
			t.Errorf("%s: TF32 is %v", options, client.DotGeneralUseTF32)
		}
		client.Finalize()
	}
}
