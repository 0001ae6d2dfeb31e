package tokenizer_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

// lines calls each for every JSON line of a file, gzipped or not.
func lines[T any](t testing.TB, path string, each func(T)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r = bufio.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		r = bufio.NewReader(z)
	}
	for d := json.NewDecoder(r); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		each(v)
	}
}

// goldenIndex is the list of reference tokenizers.
func goldenIndex(t testing.TB) []struct {
	Name string
	Path string `json:"tokenizer_json"`
	Size int    `json:"vocab_size"`
} {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct {
		Name string
		Path string `json:"tokenizer_json"`
		Size int    `json:"vocab_size"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	return index
}

// goldenTexts are the reference texts by id.
func goldenTexts(t testing.TB) map[int]string {
	t.Helper()
	texts := map[int]string{}
	lines(t, shared.Path(t, "golden/text/tokenizers/texts.jsonl"), func(l struct {
		ID   int
		Text string
	}) {
		texts[l.ID] = l.Text
	})
	return texts
}

type goldenCase struct {
	Text int
	goldenCaseBody
}

type goldenCaseBody struct {
	IDs           []int32
	IDsSpecial    []int32         `json:"ids_special"`
	IDsPlain      json.RawMessage `json:"ids_plain"`
	OffByte       []int           `json:"off_byte"`
	Decode        string
	DecodeSpecial string `json:"decode_special"`
	DecodeSkip    string `json:"decode_skip"`
}

type goldenPair struct {
	A, B     string
	IDs      []int32
	TypeIDs  []int32 `json:"type_ids"`
	Mask     []int   `json:"special_mask"`
	Sequence []int
}

// TestGolden compares with Hugging Face's tokenizers: ids, offsets and text of every reference case.
func TestGolden(t *testing.T) {
	texts := goldenTexts(t)
	for _, g := range goldenIndex(t) {
		t.Run(g.Name, func(t *testing.T) {
			tok, err := tokenizer.Load(shared.Path(t, g.Path))
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.VocabSize(); got != g.Size {
				t.Errorf("vocabulary size %d, want %d", got, g.Size)
			}
			lines(t, shared.Path(t, "golden/text/tokenizers/"+g.Name+"/golden.jsonl.gz"), func(c goldenCase) {
				compareGolden(t, tok, texts[c.Text], c)
			})
			lines(t, shared.Path(t, "golden/text/tokenizers/"+g.Name+"/pairs.jsonl"), func(p goldenPair) {
				comparePair(t, tok, p)
			})
		})
	}
}

func compareGolden(t *testing.T, tok *tokenizer.Tokenizer, text string, c goldenCase) {
	t.Helper()
	special := c.IDsSpecial
	if special == nil {
		special = c.IDs
	}
	check := func(what string, want, got any) {
		t.Helper()
		diff := cmp.Diff(want, got)
		if name := strings.Split(t.Name(), "/"); what != "ids with offsets" {
			shared.Equals(t, "tokenizer", name[len(name)-1], strings.TrimSuffix(what, "_skip"), diff == "")
		}
		if diff != "" {
			t.Errorf("text %d %.60q: %s (-want +got):\n%.1500s", c.Text, text, what, diff)
		}
	}
	check("ids", c.IDs, tok.Encode(text, tokenizer.Options{}))
	check("ids_special", special, tok.Encode(text, tokenizer.Options{AddSpecial: true}))
	switch string(c.IDsPlain) {
	case "":
	case "null":
		check("ids_plain", c.IDs, tok.Encode(text, tokenizer.Options{PlainSpecial: true}))
	default:
		var plain []int32
		if err := json.Unmarshal(c.IDsPlain, &plain); err != nil {
			t.Fatal(err)
		}
		check("ids_plain", plain, tok.Encode(text, tokenizer.Options{PlainSpecial: true}))
	}
	offsets := []int{}
	ids := []int32{}
	for _, token := range tok.EncodeOffsets(text, tokenizer.Options{}) {
		offsets = append(offsets, token.Start, token.End)
		ids = append(ids, token.ID)
	}
	check("ids with offsets", c.IDs, ids)
	check("offsets", c.OffByte, offsets)
	check("decode", c.Decode, tok.Decode(c.IDs, false))
	check("decode_special", c.DecodeSpecial, tok.Decode(special, false))
	check("decode_skip", c.DecodeSkip, tok.Decode(special, true))
}

func comparePair(t *testing.T, tok *tokenizer.Tokenizer, p goldenPair) {
	t.Helper()
	e := tok.EncodePair(p.A, p.B, tokenizer.Options{AddSpecial: true})
	got := goldenPair{A: p.A, B: p.B, IDs: []int32{}, TypeIDs: append([]int32{}, e.TypeIDs...), Mask: []int{}, Sequence: append([]int{}, e.Sequence...)}
	for i, token := range e.Tokens {
		got.IDs = append(got.IDs, token.ID)
		special := 0
		if e.Special[i] {
			special = 1
		}
		got.Mask = append(got.Mask, special)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("pair %.40q %.40q (-want +got):\n%.1500s", p.A, p.B, diff)
	}
}

// TestTrainGolden compares with the BpeTrainer of Hugging Face's tokenizers.
func TestTrainGolden(t *testing.T) {
	corpus, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/train/corpus.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bytelevel_1k_min1", "bytelevel_4k", "max_token_length_1k", "no_alphabet_800", "qwen_regex_4k"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/train/"+name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Config struct {
					VocabSize int      `json:"vocab_size"`
					MinFreq   int      `json:"min_frequency"`
					Special   []string `json:"special_tokens"`
					Alphabet  *string  `json:"initial_alphabet"`
					MaxLength int      `json:"max_token_length"`
					Regex     string
				}
				Vocab  []string
				Merges [][2]string
			}
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			c := want.Config
			got, err := tokenizer.Train(tokenizer.TrainOptions{
				VocabSize: c.VocabSize, MinFrequency: c.MinFreq, Special: c.Special, Alphabet: c.Alphabet != nil,
				MaxTokenLength: c.MaxLength, Pattern: c.Regex,
			}, strings.SplitSeq(string(corpus), "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Vocab, got.Vocab); diff != "" {
				t.Errorf("vocab (-want +got):\n%.2000s", diff)
			}
			if diff := cmp.Diff(want.Merges, got.Merges); diff != "" {
				t.Errorf("merges (-want +got):\n%.2000s", diff)
			}
			compareSaved(t, name, got)
		})
	}
}

// compareSaved compares the saved tokenizer.json byte for byte, where there is a reference.
func compareSaved(t *testing.T, name string, got *tokenizer.Trained) {
	t.Helper()
	if name != "bytelevel_4k" && name != "qwen_regex_4k" {
		return
	}
	want, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/train/"+name+".tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/tokenizer.json"
	if err := got.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != strings.TrimSuffix(string(want), "\n") {
		t.Errorf("saved tokenizer.json differs from the reference: %d bytes, want %d", len(data), len(want))
	}
}

// TestTrainMicro compares fifty small trainings: ties and edges.
func TestTrainMicro(t *testing.T) {
	lines(t, shared.Path(t, "golden/text/tokenizers/train/micro.jsonl"), func(m microCase) { compareMicro(t, m) })
}

type microCase struct {
	Lines    []string
	Size     int      `json:"vocab_size"`
	MinFreq  int      `json:"min_frequency"`
	Alphabet bool     `json:"initial_alphabet"`
	Vocab    []string `json:"vocab_after_alphabet"`
	Merges   [][2]string
}

func compareMicro(t *testing.T, m microCase) {
	t.Helper()
	got, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: m.Size, MinFrequency: m.MinFreq, Alphabet: m.Alphabet}, slices.Values(m.Lines))
	if err != nil {
		t.Fatal(err)
	}
	vocab := got.Vocab
	if m.Alphabet {
		vocab = vocab[min(256, len(vocab)):]
	}
	if diff := cmp.Diff(m.Vocab, append([]string{}, vocab...)); diff != "" {
		t.Errorf("vocab of %q (-want +got):\n%s", m.Lines, diff)
	}
	if diff := cmp.Diff(m.Merges, append([][2]string{}, got.Merges...)); diff != "" {
		t.Errorf("merges of %q (-want +got):\n%s", m.Lines, diff)
	}
}
