package generate_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/lora"
	"fettle/internal/shared"
)

// Generators over adapters that differ in their values share programs; any other has its own. What they answer is what each would
// answer alone.
func TestSeedsSharePrograms(t *testing.T) {
	for _, family := range []string{"llama3", "phi3_longrope"} {
		t.Run(family, func(t *testing.T) { sharePrograms(t, shared.Path(t, "golden/models/families/"+family)) })
	}
}

func sharePrograms(t *testing.T, dir string) {
	m, w := openModel(t, dir)
	b := backendtest.Open(t)
	var compiled int
	o := generate.Options{MaxNew: 6, EOS: []int32{}, Batch: 4, Compiling: func(string) { compiled++ }}
	answers := func(g *generate.Generator) (out [][]int32) {
		t.Helper()
		all, err := g.Greedy(context.Background(), randomPrompts(4, 20, m.Config.Vocab))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			out = append(out, o.Tokens)
		}
		return out
	}
	first := randomAdapter(t, m, 4, 1)
	g, err := generate.New(m, w, first, b, o)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	before := answers(g)
	for _, tt := range []struct {
		name   string
		a      *lora.Adapter
		shares bool
	}{
		{"another seed", randomAdapter(t, m, 4, 2), true},
		{"another rank", randomAdapter(t, m, 2, 3), false},
		{"none", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compiled = 0
			with, err := g.With(w, tt.a, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := answers(with)
			if shares := compiled == 0; shares != tt.shares {
				t.Errorf("%d programs were compiled", compiled)
			}
			with.Close()
			alone, err := generate.New(m, w, tt.a, b, o)
			if err != nil {
				t.Fatal(err)
			}
			defer alone.Close()
			if diff := cmp.Diff(answers(alone), got); diff != "" {
				t.Errorf("answers differ from its own programs': %s", diff)
			}
			if cmp.Equal(before, got) {
				t.Error("it answers as the first adapter does")
			}
		})
	}
	if diff := cmp.Diff(before, answers(g)); diff != "" {
		t.Errorf("the first answers otherwise after the others closed: %s", diff)
	}
}
