package tokenizer_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

// TestCommitted compares with the small reference that is part of the project.
func TestCommitted(t *testing.T) {
	tok, err := tokenizer.Load("testdata/llama3_small")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	lines(t, "testdata/llama3_small/cases.jsonl", func(c struct {
		Text string
		goldenCaseBody
	}) {
		n++
		compareGolden(t, tok, c.Text, goldenCase{Text: n, goldenCaseBody: c.goldenCaseBody})
	})
	if n != 51 {
		t.Errorf("%d cases, want 51", n)
	}
}

func TestCommittedTraining(t *testing.T) {
	lines(t, "testdata/train.jsonl", func(m microCase) { compareMicro(t, m) })
}

// TestBatch: a batch gives what its texts give one by one, in their order.
func TestBatch(t *testing.T) {
	tok, err := tokenizer.Load("testdata/llama3_small")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	var want [][]int32
	o := tokenizer.Options{AddSpecial: true}
	lines(t, "testdata/llama3_small/cases.jsonl", func(c struct{ Text string }) { texts = append(texts, c.Text) })
	texts = slices.Repeat(texts, 20)
	for _, s := range texts {
		want = append(want, tok.Encode(s, o))
		if got := tok.Count(s, o); got != len(want[len(want)-1]) {
			t.Errorf("count of %q is %d, want %d", s, got, len(want[len(want)-1]))
		}
	}
	if diff := cmp.Diff(want, tok.EncodeBatch(texts, o)); diff != "" {
		t.Errorf("batch (-one by one +batch):\n%.800s", diff)
	}
	if got := tok.EncodeBatch(nil, o); len(got) != 0 {
		t.Errorf("batch of nothing gives %v", got)
	}
}

// TestTrainedRoundTrip: what is trained can be saved, read and used.
func TestTrainedRoundTrip(t *testing.T) {
	texts := []string{"the cat sat on the mat", "the hat of the cat", "中文的猫，中文的帽子"}
	trained, err := tokenizer.Train(tokenizer.TrainOptions{
		VocabSize: 300, MinFrequency: 2, Special: []string{"<|end|>"}, Alphabet: true,
	}, slices.Values(texts))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := trained.Save(dir + "/tokenizer.json"); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.VocabSize(); got != len(trained.Vocab) {
		t.Errorf("vocabulary size %d, want %d", got, len(trained.Vocab))
	}
	for _, s := range append(texts, "<|end|>unseen 🙂", "") {
		if got := tok.Decode(tok.Encode(s, tokenizer.Options{}), false); got != s {
			t.Errorf("decoded %q, want %q", got, s)
		}
	}
	if id, ok := tok.TokenID("<|end|>"); !ok || id != 0 || !tok.IsSpecial(id) {
		t.Errorf("<|end|> has id %d, %v, special %v", id, ok, tok.IsSpecial(id))
	}
	if _, err := tokenizer.Train(tokenizer.TrainOptions{}, slices.Values(texts)); err == nil {
		t.Error("a vocabulary of no tokens was trained")
	}
	if _, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: 9, Pattern: "("}, slices.Values(texts)); err == nil {
		t.Error("a broken pattern was taken")
	}
}
