package generate_test

import (
	"context"
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/shared"
)

// Prompts of many lengths are answered by few programs: what a program costs to compile is paid by few of them. The counts are
// of shapes, the same on every machine.
func TestFewPrograms(t *testing.T) {
	most := map[string]int{"go": 30, "xla:cpu": 9, "xla:cuda": 9}[backendtest.Name()]
	m, w := openModel(t, shared.Path(t, "golden/models/families/llama3"))
	var programs []string
	g, err := generate.New(m, w, nil, backendtest.Open(t), generate.Options{MaxNew: 40, EOS: []int32{}, Batch: 8, Compiling: func(p string) { programs = append(programs, p) }})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for n := 1; n <= 60; n++ { // lengths of 1 to 60, in batches of every size
		if _, err := g.Greedy(context.Background(), randomPrompts(1+n%8, n, m.Config.Vocab)); err != nil {
			t.Fatal(err)
		}
	}
	if len(programs) > most {
		t.Errorf("%d programs for 60 batches, want at most %d: %q", len(programs), most, programs)
	}
	before := len(programs)
	for n := 1; n <= 60; n += 7 {
		if _, err := g.Greedy(context.Background(), randomPrompts(1+n%8, n, m.Config.Vocab)); err != nil {
			t.Fatal(err)
		}
	}
	if len(programs) != before {
		t.Errorf("%d programs more for lengths that were there before", len(programs)-before)
	}
	t.Logf("%d programs: %q", len(programs), programs)
}
