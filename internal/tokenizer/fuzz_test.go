package tokenizer_test

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
	"fettle/internal/tokenizer/aligned"
)

// FuzzRoundTrip: byte-level BPE gives every text back, offsets are in order, on borders of characters and those of the ids.
func FuzzRoundTrip(f *testing.F) {
	tok, err := tokenizer.Load("testdata/llama3_small")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", " ", "Hello  world\n\n", "don't 'LL 12345 中文。", "<|eot_id|> <|begin_of_text|", "\xff\xe4\xbd", "e\u0301\u200d🙂\x00", "\u3000\r\n x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := aligned.Valid(s)
		for _, o := range []tokenizer.Options{{}, {PlainSpecial: true}, {PlainSpecial: true, PlainAdded: true}} {
			ids := tok.Encode(s, o)
			if got := tok.Decode(ids, false); got != want {
				t.Fatalf("%q decoded is %q", s, got)
			}
			checkOffsets(t, tok, s, ids, o)
			for _, id := range ids {
				if o.PlainSpecial && tok.IsSpecial(id) {
					t.Fatalf("%q as plain text has special token %d", s, id)
				}
			}
		}
	})
}

func checkOffsets(t *testing.T, tok *tokenizer.Tokenizer, s string, ids []int32, o tokenizer.Options) {
	t.Helper()
	got := make([]int32, 0, len(ids))
	start, end := 0, 0
	for _, token := range tok.EncodeOffsets(s, o) {
		got = append(got, token.ID)
		if token.Start < start || token.End < end || token.Start > token.End || token.End > len(s) {
			t.Fatalf("%q: token at %d-%d after %d-%d", s, token.Start, token.End, start, end)
		}
		start, end = token.Start, token.End
		if utf8.ValidString(s) && !utf8.ValidString(s[start:end]) {
			t.Fatalf("%q: token at %d-%d cuts a character", s, start, end)
		}
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Fatalf("%q: ids with offsets differ (-without +with):\n%s", s, diff)
	}
	if len(ids) > 0 && end != len(s) {
		t.Fatalf("%q: offsets end at %d of %d", s, end, len(s))
	}
}
