package generate_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// The probabilities after each combination of steps are those of transformers. Top-p cuts through equal logits in the order of
// torch.sort, which is not defined there: of equal logits the same number must stay.
func TestProbs(t *testing.T) {
	dir := shared.Path(t, "golden/models/generate")
	data, err := os.ReadFile(filepath.Join(dir, "generate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Case     string `json:"case"`
			Settings struct {
				Temperature       float64 `json:"temperature"`
				TopK              int     `json:"top_k"`
				TopP              float64 `json:"top_p"`
				MinP              float64 `json:"min_p"`
				RepetitionPenalty float64 `json:"repetition_penalty"`
			} `json:"settings"`
			Kept []int `json:"kept_per_row"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(filepath.Join(dir, "generate.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	logits, err := f.Float32("logits")
	if err != nil {
		t.Fatal(err)
	}
	history := readInts(t, filepath.Join(dir, "generate.safetensors"), "history_ids")
	vocab, past := len(logits)/3, len(history)/3
	for _, c := range file.Cases {
		want, err := f.Float32(c.Case + ".probs")
		if err != nil {
			t.Fatal(err)
		}
		s := generate.Sampling{Temperature: c.Settings.Temperature, TopK: c.Settings.TopK, TopP: c.Settings.TopP,
			MinP: c.Settings.MinP, RepetitionPenalty: c.Settings.RepetitionPenalty}
		for row := range 3 {
			got := s.Probs(logits[row*vocab:(row+1)*vocab], history[row*past:(row+1)*past])
			kept := 0
			balance := map[float32]float64{} // by logit: what we give more than the reference
			for i, p := range got {
				if p > 0 {
					kept++
				}
				logit := logits[row*vocab+i]
				if row < 2 || s.RepetitionPenalty > 0 { // only row 2 has ties that a cut can meet
					logit = float32(i)
				}
				balance[logit] += p - float64(want[row*vocab+i])
			}
			for logit, d := range balance {
				if math.Abs(d) > 1e-6 {
					t.Errorf("%s row %d: tokens of logit %v get %v too much", c.Case, row, logit, d)
				}
			}
			if kept != c.Kept[row] {
				t.Errorf("%s row %d: kept %d tokens, want %d", c.Case, row, kept, c.Kept[row])
			}
		}
	}
}

// Batched, left-padded prompts end at either end token and keep it; after it the reference has padding.
func TestGoldenEnds(t *testing.T) {
	dir := shared.Path(t, "golden/models")
	path := filepath.Join(dir, "generate/generate.safetensors")
	ids, mask := readInts(t, path, "eos.prompt_ids"), readInts(t, path, "eos.attention_mask")
	lengths, want := readInts(t, path, "eos.lengths"), readInts(t, path, "eos.tokens")
	free := readInts(t, path, "eos.tokens_without_eos")
	rows, seq, steps := len(lengths), len(ids)/len(lengths), len(want)/len(lengths)
	prompts := make([][]int32, rows)
	for i := range ids {
		if mask[i] != 0 {
			prompts[i/seq] = append(prompts[i/seq], ids[i])
		}
	}
	m, w := openModel(t, filepath.Join(dir, "families/llama3"))
	b := backendtest.Open(t)
	got := greedy(t, b, m, w, nil, generate.Options{MaxNew: steps, EOS: readInts(t, path, "eos.ids")}, prompts)
	without := greedy(t, b, m, w, nil, generate.Options{MaxNew: steps, EOS: []int32{}}, prompts)
	for i := range rows {
		if diff := cmp.Diff(want[i*steps:i*steps+int(lengths[i])], got[i].Tokens); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(free[i*steps:(i+1)*steps], without[i].Tokens); diff != "" {
			t.Errorf("row %d without end tokens (-want +got):\n%s", i, diff)
		}
	}
}

// A row's draws depend on its seed and not on the rows beside it; greedy rows in the same batch stay greedy.
func TestSampledRows(t *testing.T) {
	m, w := openModel(t, shared.Path(t, "golden/models/families/llama3"))
	g, err := generate.New(m, w, nil, backendtest.Open(t), generate.Options{MaxNew: 12, EOS: []int32{}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	run := func(requests ...generate.Request) [][]int32 {
		out, err := g.Generate(context.Background(), requests, nil)
		if err != nil {
			t.Fatal(err)
		}
		return tokensOf(out)
	}
	prompt := []int32{5, 6, 7}
	draw := func(seed uint64) generate.Request {
		return generate.Request{Prompt: prompt, Sampling: &generate.Sampling{Temperature: 2, Seed: seed}}
	}
	plain := run(generate.Request{Prompt: prompt})
	mixed := run(draw(1), generate.Request{Prompt: prompt}, draw(2), draw(1))
	if diff := cmp.Diff(plain[0], mixed[1]); diff != "" {
		t.Errorf("greedy row beside sampled ones (-alone +beside):\n%s", diff)
	}
	if diff := cmp.Diff(run(draw(1))[0], mixed[0]); diff != "" {
		t.Errorf("sampled row (-alone +beside):\n%s", diff)
	}
	if !cmp.Equal(mixed[0], mixed[3]) || cmp.Equal(mixed[0], mixed[2]) {
		t.Error("draws do not follow their seeds")
	}
}
