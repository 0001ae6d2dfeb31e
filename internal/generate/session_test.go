package generate_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// Rows join and leave at all times; each gets the tokens that it gets alone, whatever the family's way to attend.
func TestSession(t *testing.T) {
	b := backendtest.Open(t)
	for _, family := range []string{"llama3", "mistral", "gemma3_text", "smollm3", "phi3_longrope"} {
		t.Run(family, func(t *testing.T) {
			m, w := openModel(t, shared.Path(t, filepath.Join("golden/models/families", family)))
			g, err := generate.New(m, w, nil, b, generate.Options{MaxNew: 40, EOS: []int32{}, Chunk: 16})
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			rng := rand.New(rand.NewPCG(1, 2))
			requests := make([]generate.Request, 10)
			for i := range requests {
				for range 1 + rng.IntN(40)*(i%3) {
					requests[i].Prompt = append(requests[i].Prompt, int32(rng.IntN(m.Config.Vocab)))
				}
				requests[i].Prompt = append(requests[i].Prompt, 7)
				requests[i].MaxNew = 1 + rng.IntN(40)
				if i%4 == 1 {
					requests[i].Sampling = &generate.Sampling{Temperature: 1.5, Seed: uint64(i)}
				}
				requests[i].Logprobs, requests[i].Top = i%5 == 2, 2
			}
			var want [][]int32
			for _, r := range requests { // alone: float sums of a batch may come in another order
				out, err := g.Generate(context.Background(), []generate.Request{r}, nil)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, out[0].Tokens)
			}
			if diff := cmp.Diff(want, serve(t, g.Session(3), requests)); diff != "" {
				t.Errorf("(-alone +session):\n%s", diff)
			}
		})
	}
}

// serve runs requests through a session, as many at once as it takes.
func serve(t *testing.T, s *generate.Session, requests []generate.Request) [][]int32 {
	t.Helper()
	defer s.Close()
	got := make([][]int32, len(requests))
	var running []*generate.Row
	index, waiting := map[*generate.Row]int{}, map[*generate.Joining]int{}
	take := func(rows []*generate.Row) {
		for _, r := range rows {
			i := index[r]
			if got[i] = append(got[i], r.Last.ID); len(got[i]) == requests[i].MaxNew {
				s.Leave(r)
				running = slices.DeleteFunc(running, func(other *generate.Row) bool { return other == r })
			}
		}
	}
	var joining []*generate.Joining
	for next := 0; next < len(requests) || len(running)+len(joining) > 0; {
		if len(joining) > 0 { // a chunk of a long prompt, then a step of the others
			row, err := joining[0].Advance()
			if err != nil {
				t.Fatal(err)
			}
			if row != nil {
				index[row], running, joining = waiting[joining[0]], append(running, row), joining[1:]
				take([]*generate.Row{row})
			}
		}
		if next < len(requests) && s.Free() > 0 && s.Long(requests[next]) {
			j, err := s.Begin(requests[next])
			if err != nil {
				t.Fatal(err)
			}
			waiting[j], joining, next = next, append(joining, j), next+1
			continue
		}
		if n := min(s.Free(), len(requests)-next, 2); n > 0 {
			rows, err := s.Join(requests[next : next+n]...)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				index[r] = next + i
			}
			next, running = next+n, append(running, rows...)
			take(rows)
			continue
		}
		if err := s.Step(); err != nil {
			t.Fatal(err)
		}
		take(slices.Clone(running))
	}
	return got
}

// Scores are the golden logits' own, for rows of unequal length side by side.
func TestScore(t *testing.T) {
	dir := shared.Path(t, "golden/models/families/llama3")
	m, w := openModel(t, dir)
	path := filepath.Join(dir, "golden.safetensors")
	ids, mask := readInts(t, path, "input_ids"), readInts(t, path, "attention_mask")
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	logits, err := f.Float32("logits")
	if err != nil {
		t.Fatal(err)
	}
	seq, vocab := len(ids)/2, m.Config.Vocab
	rows := make([][]int32, 2)
	for i := range ids {
		if mask[i] != 0 {
			rows[i/seq] = append(rows[i/seq], ids[i])
		}
	}
	g, err := generate.New(m, w, nil, backendtest.Open(t), generate.Options{MaxNew: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	got, err := g.Score(context.Background(), rows, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if len(got[i]) != len(row) || got[i][0].Top != nil {
			t.Errorf("row %d: %d tokens, want %d; the first has no score: %+v", i, len(got[i]), len(row), got[i][0])
		}
		for p := 1; p < len(row); p++ {
			at := logits[(i*seq+p-1)*vocab : (i*seq+p)*vocab]
			sum := 0.0
			for _, v := range at {
				sum += math.Exp(float64(v))
			}
			order := make([]int32, vocab)
			for id := range order {
				order[id] = int32(id)
			}
			slices.SortFunc(order, func(a, b int32) int { return int(math.Copysign(1, float64(at[b]-at[a]))) })
			want := generate.Token{ID: row[p], Logprob: float64(at[row[p]]) - math.Log(sum)}
			for _, id := range order[:3] {
				want.Top = append(want.Top, generate.Candidate{ID: id, Logprob: float64(at[id]) - math.Log(sum)})
			}
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-4 })
			if diff := cmp.Diff(want, got[i][p], near); diff != "" {
				t.Errorf("row %d token %d (-want +got):\n%s", i, p, diff)
			}
		}
	}
}
