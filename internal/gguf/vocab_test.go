package gguf_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/internal/gguf"
	"fettle/internal/model"
	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

// A tokenizer built from the metadata alone gives the ids of the one that went in, on every text of the reference.
func TestVocabularyComesBack(t *testing.T) {
	texts := texts(t)
	for _, name := range []string{"golden/text/tokenizers/llama3_small", "data/tokenizers/qwen3", "data/tokenizers/deepseek_v4", "golden/text/tokenizers/mistral_v3"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			dir := shared.Path(t, name)
			want, back := throughFile(t, dir)
			differ := 0
			for _, text := range texts {
				if a, b := want.Encode(text, tokenizer.Options{AddSpecial: true}), back.Encode(text, tokenizer.Options{AddSpecial: true}); !slices.Equal(a, b) {
					if differ++; differ < 4 {
						t.Logf("%.40q: %v, read back %v", text, a[:min(8, len(a))], b[:min(8, len(b))])
					}
				}
			}
			composes := strings.Contains(name, "qwen") // NFC, which llama.cpp has not and the header's note tells
			if differ > 0 && !composes || differ > len(texts)/10 {
				t.Errorf("%d of %d texts differ", differ, len(texts))
			}
		})
	}
}

// Added tokens that the embedding has no row for are left out, and a note says which; a token of ordinary text is no such thing.
func TestVocabularyBeyondTheModel(t *testing.T) {
	dir := shared.Path(t, "golden/text/tokenizers/llama3_small")
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	added := tok.Added()
	last := added[len(added)-1]
	h := &gguf.Header{}
	if err := h.AddVocab(dir, &model.Config{Vocab: int(last.ID), BOS: -1, Pad: -1}, nil); err != nil {
		t.Fatal(err)
	}
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0], last.Content) {
		t.Errorf("notes %q, want one on %s", h.Notes, last.Content)
	}
	err = (&gguf.Header{}).AddVocab(dir, &model.Config{Vocab: 100, BOS: -1, Pad: -1}, nil)
	if err == nil || !strings.Contains(err.Error(), "vocab_size is 100") {
		t.Errorf("got %v", err)
	}
}

func throughFile(t *testing.T, dir string) (want, back *tokenizer.Tokenizer) {
	t.Helper()
	want, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &gguf.Header{}
	if err := h.AddVocab(dir, &model.Config{Vocab: want.VocabSize() + 7, BOS: -1, Pad: -1}, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := gguf.Write(path, h.Meta, nil); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if back, err = f.Tokenizer(); err != nil {
		t.Fatal(err)
	}
	return want, back
}

func texts(t *testing.T) (all []string) {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/texts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		if n++; n%8 != 0 { // the tokenizers themselves are tested elsewhere
			continue
		}
		var row struct{ Text string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row.Text)
	}
	return all
}

// What llama.cpp has no way to tokenise is refused with the reason.
func TestVocabularyRefused(t *testing.T) {
	for name, want := range map[string]string{"t5_small": "only BPE", "bert_uncased": "WordPiece"} {
		dir := shared.Path(t, "golden/text/tokenizers/"+name)
		if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err != nil {
			continue
		}
		err := (&gguf.Header{}).AddVocab(dir, &model.Config{Vocab: 40000, BOS: -1, Pad: -1}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}
