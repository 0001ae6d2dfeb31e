package train

import (
	"context"
	"testing"
)

// All that steps run is compiled before any of it runs: temporaries then lie behind what compiling left, one set of them.
func TestStepsAreCompiledBeforeTheyRun(t *testing.T) {
	for _, tt := range []struct {
		name, mode string
		change     func(*Settings)
	}{
		{"lora", "lora", func(*Settings) {}},
		{"no sums", "lora", func(s *Settings) { s.Batch = Batch{Rows: 2, Accumulate: 1} }},
		{"paged, all weights", "full", func(s *Settings) { s.Optimizer.Paged = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			w := &counted{Backend: b.backend.Backend}
			b.backend.Backend = w
			d := laid(documents(16), 2, 32)
			tr := b.start(t, d, tt.mode, tt.change)
			per, all := tr.settings.steps(len(d.blocks))
			for range 2 {
				if err := tr.step(context.Background(), per, all); err != nil {
					t.Fatal(err)
				}
			}
			if w.ran == 0 || w.late > 0 {
				t.Errorf("%d programs were compiled after the first ran (%d runs)", w.late, w.ran)
			}
		})
	}
}
