package tokenizer_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fettle/internal/shared"
	"fettle/internal/tokenizer"
	"fettle/internal/tokenizer/aligned"
)

// parts are what random texts are made of: words, scripts, spaces, special tokens, broken UTF-8.
var parts = strings.Split("the|ing| and|Tokenization|internationalization|don't|I'LL|'s|'ſ|x|0|12|345678|½|Ⅻ| |  |\t|\n|\r\n|\n\n  |\u00a0|\u3000|"+
	"!|...|?!\n|,|(|_|-->|{\"a\":1}|//|\\|的|中文|中华人民共和国|一二三四五六七八九十|，|。|、|「|龥|㐀|𠀀|ひらがな|カタカナー|한국어|각|é|e\u0301|\u0301\u0323|ñ|ß|"+
	"Привет|ελληνικά|हिन्दी|ไทย|العربية|עברית|👍🏽|👨\u200d👩\u200d👧|🇩🇪|\u200b|\ufeff|\x00|\x7f|\xff|\xe4\xb8|\xf0\x9f|\xed\xa0\x80|"+
	"<|<think>|</think>", "|")

func randomTexts(r *rand.Rand, tok *tokenizer.Tokenizer) string {
	var b strings.Builder
	for range r.IntN(60) {
		switch r.IntN(12) {
		case 0:
			b.WriteRune(rune(r.IntN(unicode.MaxRune + 1)))
		case 1:
			b.WriteRune(rune(0x4e00 + r.IntN(0x5200)))
		case 2:
			b.WriteString(strings.Repeat(parts[r.IntN(len(parts))], r.IntN(20)))
		case 3:
			if added := tok.Added(); len(added) > 0 && r.IntN(4) == 0 {
				b.WriteString(added[r.IntN(len(added))].Content)
			}
		default:
			b.WriteString(parts[r.IntN(len(parts))])
		}
	}
	return b.String()
}

// TestQuickEqualsGeneral: the fast way gives the ids of the slow one, whatever the text and whatever came before it.
func TestQuickEqualsGeneral(t *testing.T) {
	paths := []string{"testdata/llama3_small"}
	for _, name := range []string{
		"data/tokenizers/qwen3/tokenizer.json", "data/tokenizers/gpt2_vocab/examples/NLG/vocab/tokenizer.json",
		"golden/text/tokenizers/cl100k/tokenizer.json", "data/tokenizers/deepseek_v4/tokenizer.json",
		"data/tokenizers/tiktoken_ranks/data/o200k_base.tiktoken",
	} {
		paths = append(paths, shared.Path(t, name))
	}
	for _, path := range paths {
		t.Run(path[strings.LastIndex(path[:len(path)-10], "/")+1:], func(t *testing.T) {
			tok, err := tokenizer.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if !tok.HasQuick() {
				t.Fatal("it is not encoded the fast way")
			}
			r := rand.New(rand.NewPCG(5, 6))
			for n := range 800 {
				s := randomTexts(r, tok)
				o := tokenizer.Options{PlainSpecial: n%2 == 0, PlainAdded: n%3 == 0}
				want := tok.EncodeGeneral(s, o)
				if diff := cmp.Diff(want, tok.Encode(s, o)); diff != "" {
					t.Fatalf("%q (-general +quick):\n%.1000s", s, diff)
				}
			}
		})
	}
}

// TestStretches: the ids of a long text do not depend on where it is cut for those who work on it.
func TestStretches(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, name := range []string{
		"data/tokenizers/qwen3/tokenizer.json", "data/tokenizers/gpt2_vocab/examples/NLG/vocab/tokenizer.json",
		"data/tokenizers/tiktoken_ranks/data/o200k_base.tiktoken",
	} {
		tok, err := tokenizer.Load(shared.Path(t, name))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(7, 8))
		for range 200 {
			s := aligned.Valid(randomTexts(r, tok) + randomTexts(r, tok))
			text := aligned.Of(s, false)
			text.Form(aligned.NFC)
			plain := tokenizer.Options{PlainSpecial: true, PlainAdded: true}
			size := 1 + r.IntN(40)
			got, ok := tok.EncodeStretches(text.S, size)
			if !ok && len(text.S) >= 2*size {
				t.Fatalf("%s: %d bytes are not encoded in stretches of %d", name, len(text.S), size)
			}
			if !ok {
				continue
			}
			if diff := cmp.Diff(tok.EncodeGeneral(text.S, plain), got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s: %q (-general +stretches):\n%.1000s", name, text.S, diff)
			}
		}
	}
}

// TestLongText: a text long enough for many to work on it gives what one gives.
func TestLongText(t *testing.T) {
	tok, err := tokenizer.Load("testdata/llama3_small")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 10))
	var b strings.Builder
	for b.Len() < 3<<20 {
		b.WriteString(randomTexts(r, tok))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	o := tokenizer.Options{PlainSpecial: true, PlainAdded: true}
	want := tok.Encode(b.String(), o)
	runtime.GOMAXPROCS(3)
	if !slices.Equal(want, tok.Encode(b.String(), o)) {
		t.Error("three give other ids than one")
	}
}
