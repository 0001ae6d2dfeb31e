package train

import (
	"testing"

	"fettle/internal/lora"
	"fettle/internal/stage"
)

// What is compiled for one seed serves the next, with that one's adapter. (That a seed is the same beside another as alone is a test
// of package e2e.)
func TestSeedsShareTheProgram(t *testing.T) {
	b := newBench(t)
	s := defaults()
	f := &fitting{job: &stage.Job[Settings]{Settings: s}, model: b.model, data: laid(documents(4), 1, 16), backend: b.backend}
	defer f.close()
	var first *program
	for seed := range int64(3) {
		a, err := lora.New(b.model, s.LoRA, seed)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.programOf(a)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = p
		}
		if p != first || p.adapter != a {
			t.Errorf("seed %d: another program, or another's adapter", seed)
		}
	}
}
