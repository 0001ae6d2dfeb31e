package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

// TestTiktokenPlans compares with the ids that OpenAI's tiktoken gives (test plan of gpt-tokenizer).
func TestTiktokenPlans(t *testing.T) {
	plans, err := os.ReadFile(shared.Path(t, "data/tokenizers/tiktoken_ranks/data/TestPlans.txt"))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*tokenizer.Tokenizer{}
	n := 0
	for _, plan := range strings.Split(string(plans), "EncodingName: ")[1:] {
		name, rest, _ := strings.Cut(plan, "\nSample: ")
		sample, ids, ok := cutLast(rest, "\nEncoded: ")
		if !ok {
			t.Fatalf("plan is not understood: %.80q", plan)
		}
		name = strings.Replace(name, "p50k_edit", "p50k_base", 1) // the same ranks
		tok := byName[name]
		if tok == nil {
			if tok, err = tokenizer.Load(shared.Path(t, "data/tokenizers/tiktoken_ranks/data/"+name+".tiktoken")); err != nil {
				t.Fatal(err)
			}
			byName[name] = tok
		}
		want := []int32{}
		if err := json.Unmarshal([]byte(strings.TrimSpace(ids)), &want); err != nil {
			t.Fatal(err)
		}
		n++
		if diff := cmp.Diff(want, tok.Encode(sample, tokenizer.Options{})); diff != "" {
			t.Errorf("%s %.60q (-want +got):\n%.800s", name, sample, diff)
		}
		if got := tok.Decode(want, false); got != sample {
			t.Errorf("%s decode %.60q, want %.60q", name, got, sample)
		}
	}
	if n < 100 {
		t.Errorf("only %d plans", n)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// departures are texts in which Hugging Face's tokenizers depart from SentencePiece: a short cluster is replaced as a whole by
// what its first rune becomes, U+0085 is white space, equal sums of scores are rounded in another way.
var departures = []int{95, 101, 205, 450, 467, 470}

// TestOtherFormats compares tokenizers read from other files with the goldens of the same vocabulary as a tokenizer.json. Texts
// that hold special tokens are left out where the two list different ones.
func TestOtherFormats(t *testing.T) {
	ranks := func(path string) func(t *testing.T) (*tokenizer.Tokenizer, error) {
		return func(t *testing.T) (*tokenizer.Tokenizer, error) { return tokenizer.Load(shared.Path(t, path)) }
	}
	vocab := func(vocab, merges, class string) func(t *testing.T) (*tokenizer.Tokenizer, error) {
		return func(t *testing.T) (*tokenizer.Tokenizer, error) {
			dir := t.TempDir()
			copyFile(t, shared.Path(t, vocab), dir+"/vocab.json")
			copyFile(t, shared.Path(t, merges), dir+"/merges.txt")
			if class != "" {
				if err := os.WriteFile(dir+"/tokenizer_config.json", []byte(`{"tokenizer_class": "`+class+`"}`), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			return tokenizer.Load(dir)
		}
	}
	for _, c := range []struct {
		name, golden string
		load         func(t *testing.T) (*tokenizer.Tokenizer, error)
		special      bool // special tokens are the same
	}{
		{"mistral v3 sentencepiece", "mistral_v3", ranks("data/tokenizers/mistral_v1_v3/mistral_instruct_tokenizer_240323.model.v3"), true},
		{"t5 sentencepiece", "t5_small", ranks("data/tokenizers/torchtune_assets/tests/assets/sentencepiece.model"), false},
		{"cl100k tiktoken", "cl100k", ranks("data/tokenizers/tiktoken_ranks/data/cl100k_base.tiktoken"), true},
		{"r50k tiktoken", "gpt2", ranks("data/tokenizers/tiktoken_ranks/data/r50k_base.tiktoken"), true},
		{"qwen tiktoken", "qwen3", ranks("data/tokenizers/qwen_tiktoken/qwen.tiktoken"), false},
		{"gpt2 vocab", "gpt2", vocab("data/tokenizers/gpt2_vocab/examples/NLG/vocab/vocab.json", "data/tokenizers/gpt2_vocab/examples/NLG/vocab/vocab.bpe", ""), true},
		{"roberta vocab", "roberta", vocab("data/tokenizers/ortext/test/data/tokenizer/roberta-base/vocab.json", "data/tokenizers/ortext/test/data/tokenizer/roberta-base/merges.txt", "RobertaTokenizer"), true},
		{"qwen2 vocab", "qwen2_tiny", vocab("data/tokenizers/torchtune_assets/tests/assets/tiny_bpe_vocab.json", "data/tokenizers/torchtune_assets/tests/assets/tiny_bpe_merges.txt", "Qwen2Tokenizer"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := c.load(t)
			if err != nil {
				t.Fatal(err)
			}
			texts := goldenTexts(t)
			n := 0
			lines(t, shared.Path(t, "golden/text/tokenizers/"+c.golden+"/golden.jsonl.gz"), func(g goldenCase) {
				text := texts[g.Text]
				if !c.special && (strings.ContainsAny(text, "<[") || string(g.IDsPlain) != "null" && g.IDsPlain != nil) {
					return
				}
				if c.golden == "t5_small" && slices.Contains(departures, g.Text) {
					return
				}
				n++
				if diff := cmp.Diff(g.IDs, tok.Encode(text, tokenizer.Options{})); diff != "" {
					t.Errorf("text %d %.60q (-want +got):\n%.800s", g.Text, text, diff)
				}
				if g.IDsSpecial != nil {
					if diff := cmp.Diff(g.IDsSpecial, tok.Encode(text, tokenizer.Options{AddSpecial: true})); diff != "" {
						t.Errorf("text %d %.60q with special (-want +got):\n%.800s", g.Text, text, diff)
					}
				}
				if got := tok.Decode(g.IDs, false); got != g.Decode {
					t.Errorf("text %d decode %.60q, want %.60q", g.Text, got, g.Decode)
				}
			})
			if n < 200 {
				t.Errorf("only %d texts", n)
			}
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRefused says of every broken or unknown file what is wrong with it.
func TestRefused(t *testing.T) {
	_, err := tokenizer.Load(shared.Path(t, "data/tokenizers/ortext/test/data/llama2/tokenizer.json"))
	if err == nil || !strings.Contains(err.Error(), "18917") {
		t.Errorf("broken merges: error %v does not name merge 18917", err)
	}
	if _, err := tokenizer.Load(filepath.Join(shared.Path(t, "data/tokenizers/torchtune_assets/tests/assets"), "tiktoken_small.model")); err == nil {
		t.Error("a rank file of an unknown vocabulary was read")
	}
}

// TestSentencePiece: a unigram model trained with SentencePiece's defaults, on what its normalizer does.
func TestSentencePiece(t *testing.T) {
	tok, err := tokenizer.Load(shared.Path(t, "data/tokenizers/torchtune_assets/tests/assets/m.model"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in   string
		want []int32
		text string
	}{
		{"Hello world!", []int32{1, 12, 1803, 1024, 103}, "Hello world!"}, // ids of torchtune's own test
		{"  Hello \n  world! ", []int32{1, 12, 1803, 1024, 103}, "Hello world!"},
		{"", []int32{1}, ""},
	} {
		ids := tok.Encode(c.in, tokenizer.Options{AddSpecial: true})
		if diff := cmp.Diff(c.want, ids); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
		if got := tok.Decode(ids, true); got != c.text {
			t.Errorf("%q decoded is %q, want %q", c.in, got, c.text)
		}
	}
}
