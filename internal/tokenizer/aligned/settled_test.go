package aligned_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fettle/internal/tokenizer/aligned"
)

// TestSettled: the table leaves out no rune that NFC may change, though it is made of a few ranges only.
func TestSettled(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) {
			continue
		}
		if table, truth := aligned.Settled(r); table != truth {
			t.Errorf("%U: settled %v, want %v", r, table, truth)
		}
		if p := norm.NFC.PropertiesString(string(r)); aligned.IsWhole(r) && (p.CCC() != 0 || !p.BoundaryBefore()) {
			t.Errorf("%U is not settled by itself", r)
		}
	}
}

// TestComposeStretches: composing stretch by stretch gives what composing the whole text gives, which is the way with offsets.
func TestComposeStretches(t *testing.T) {
	runes := []rune("aeiouEA 中한é\u0301\u0301\u0323\u0302\u0308\u0327\u1100\u1161\u11a8각\u0915\u093c\u094d\u09c7\u09be\u09d7" +
		"\u212b\u2126\uf900\u0958\u034f\u200d\U0001d165\U0001d16e\U0002f800\u0340\u1e9b\u0374\u2000\u0344\U00011131\U00011127" +
		"\U00011935\U00011930\u08ca\u1ac1\U0001e4ec\U0001f600\ufeff")
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		in := make([]rune, r.IntN(9))
		for i := range in {
			in[i] = runes[r.IntN(len(runes))]
		}
		compare(t, string(in))
	}
	compare(t, "a"+strings.Repeat("\u0301\u0323", 40)+"b\u0301")
}

func compare(t *testing.T, s string) {
	t.Helper()
	want, got := aligned.Of(s, true), aligned.Of(s, false)
	want.Form(aligned.NFC)
	got.Form(aligned.NFC)
	if want.S != got.S {
		t.Fatalf("%+q composed is %+q, want %+q", s, got.S, want.S)
	}
}

// TestLongRowsOfMarks: no joiner is put into them, in no form.
func TestLongRowsOfMarks(t *testing.T) {
	s := "a" + strings.Repeat("\u0316", 40) + "é"
	for _, f := range []aligned.Form{aligned.NFC, aligned.NFD, aligned.NFKC, aligned.NFKD} {
		want, got := aligned.Of(s, true), aligned.Of(s, false)
		want.Form(f)
		got.Form(f)
		if strings.Contains(got.S, "\u034f") || want.S != got.S {
			t.Errorf("%+q, want %+q", got.S, want.S)
		}
	}
}
