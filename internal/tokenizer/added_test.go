package tokenizer_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

// cuts shows tokens as text, added ones in <>.
func cuts(tok *tokenizer.Tokenizer, text string, o tokenizer.Options) []string {
	out := []string{}
	for _, token := range tok.EncodeOffsets(text, o) {
		part := text[token.Start:token.End]
		if token.ID > 0 {
			part = fmt.Sprintf("<%d:%s>", token.ID, part)
		}
		out = append(out, part)
	}
	return out
}

// TestAddedTokens: where added tokens are found, with all their flags.
func TestAddedTokens(t *testing.T) {
	lower := `"normalizer":{"type":"Lowercase"}`
	for _, c := range []struct {
		name, added, normalizer, in string
		options                     tokenizer.Options
		want                        []string
	}{
		{name: "found in the text", added: `{"id":1,"content":"[SEP]","special":true}`, in: "a[SEP]b[SEP]",
			want: []string{"a", "<1:[SEP]>", "b", "<1:[SEP]>"}},
		{name: "plain special", added: `{"id":1,"content":"[SEP]","special":true},{"id":2,"content":"<think>"}`, in: "a[SEP]<think>",
			options: tokenizer.Options{PlainSpecial: true}, want: []string{"a[SEP]", "<2:<think>>"}},
		{name: "plain added", added: `{"id":1,"content":"[SEP]","special":true},{"id":2,"content":"<think>"}`, in: "a[SEP]<think>",
			options: tokenizer.Options{PlainAdded: true}, want: []string{"a", "<1:[SEP]>", "<think>"}},
		{name: "the longest counts", added: `{"id":1,"content":"ab"},{"id":2,"content":"abcd"},{"id":3,"content":"bc"}`, in: "xabcdabce",
			want: []string{"x", "<2:abcd>", "<1:ab>", "ce"}},
		{name: "a plain special token hides others in it", added: `{"id":1,"content":"<x>","special":true},{"id":2,"content":"x"}`, in: "<x>x",
			options: tokenizer.Options{PlainSpecial: true}, want: []string{"<x>", "<2:x>"}},
		{name: "lstrip", added: `{"id":1,"content":"m","lstrip":true}`, in: "a \t\u3000m b", want: []string{"a", "<1: \t\u3000m>", " b"}},
		{name: "rstrip", added: `{"id":1,"content":"m","rstrip":true}`, in: "a m \n b", want: []string{"a ", "<1:m \n >", "b"}},
		{name: "white space goes to the first", added: `{"id":1,"content":"m","rstrip":true},{"id":2,"content":"n","lstrip":true}`, in: "m  n",
			want: []string{"<1:m  >", "<2:n>"}},
		{name: "single word", added: `{"id":1,"content":"on","single_word":true}`, in: "on one upon_on é-on",
			want: []string{"<1:on>", " one upon_on é-", "<1:on>"}},
		{name: "normalized is found in any case", added: `{"id":1,"content":"Day","normalized":true}`, normalizer: lower, in: "a dAy, DAY",
			want: []string{"a ", "<1:dAy>", ", ", "<1:DAY>"}},
		{name: "not normalized is found as it is", added: `{"id":1,"content":"Day"}`, normalizer: lower, in: "Day day",
			want: []string{"<1:Day>", " day"}},
		{name: "all flags of the reference's own test",
			added:      `{"id":1,"content":"my","lstrip":true,"rstrip":true,"normalized":true},{"id":2,"content":"name","normalized":true},{"id":3,"content":"ony","single_word":true,"normalized":true},{"id":4,"content":"[CLS]","special":true},{"id":5,"content":"[SEP]","special":true}`,
			normalizer: lower, in: "[CLS] My name is Anthony [SEP]",
			want: []string{"<4:[CLS]>", "<1: My >", "<2:name>", " is Anthony ", "<5:[SEP]>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields := []string{`"added_tokens":[` + c.added + `]`}
			if c.normalizer != "" {
				fields = append(fields, c.normalizer)
			}
			tok := build(t, oneWord, fields...)
			if diff := cmp.Diff(c.want, cuts(tok, c.in, c.options)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// TestListedTwice: a unigram vocabulary is as long as its list, whatever it has twice, and what is added comes after it.
func TestListedTwice(t *testing.T) {
	tok := build(t, `{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.0],["a",-2.0],["z",-3.0]]}`, `"added_tokens":[{"id":4,"content":"<s>"}]`)
	if got := tok.VocabSize(); got != 5 {
		t.Errorf("size %d, want 5", got)
	}
	if diff := cmp.Diff([]int32{2, 4, 3}, tok.Encode("a<s>z", tokenizer.Options{})); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	tok = build(t, `{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.0],["<unk>",-2.0]]}`, `"added_tokens":[{"id":2,"content":"<unk>","special":true}]`)
	if got := tok.Decode([]int32{0, 1, 2}, true); got != "a" {
		t.Errorf("decoded %q, want a without both of its <unk>", got)
	}
}

func TestVocabulary(t *testing.T) {
	tok := build(t, `{"type":"WordLevel","vocab":{"[UNK]":0,"a":1},"unk_token":"[UNK]"}`,
		`"added_tokens":[{"id":0,"content":"[UNK]","special":true},{"id":2,"content":"<think>"}]`)
	if got := tok.VocabSize(); got != 3 {
		t.Errorf("size %d, want 3", got)
	}
	for token, want := range map[string]int32{"[UNK]": 0, "a": 1, "<think>": 2} {
		if id, ok := tok.TokenID(token); !ok || id != want {
			t.Errorf("id of %s is %d, %v, want %d", token, id, ok, want)
		}
		if s, ok := tok.Token(want); !ok || s != token {
			t.Errorf("token %d is %q, %v, want %q", want, s, ok, token)
		}
	}
	if _, ok := tok.TokenID("b"); ok {
		t.Error("b has an id")
	}
	if _, ok := tok.Token(3); ok {
		t.Error("3 is a token")
	}
	if !tok.IsSpecial(0) || tok.IsSpecial(1) || tok.IsSpecial(2) || tok.IsSpecial(-1) {
		t.Error("[UNK] alone is special")
	}
	if got := len(tok.Added()); got != 2 {
		t.Errorf("%d added tokens, want 2", got)
	}
}
