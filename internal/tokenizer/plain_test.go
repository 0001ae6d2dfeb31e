package tokenizer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

// Added tokens within plain bytes are text, those outside are tokens; a token that only begins there is one.
func TestPlainRanges(t *testing.T) {
	tok, err := tokenizer.Load("../../pipelines/quickstart/base")
	if err != nil {
		t.Fatal(err)
	}
	const text = "é<|end|>x<|end|>"
	all := tok.Encode(text, tokenizer.Options{PlainSpecial: true})
	end, _ := tok.TokenID("<|end|>")
	tests := []struct {
		name  string
		plain []tokenizer.Range
		want  []int32
	}{
		{"none", nil, tok.Encode(text, tokenizer.Options{})},
		{"all", []tokenizer.Range{{0, len(text)}}, all},
		{"the first", []tokenizer.Range{{2, 9}}, append(tok.Encode("é<|end|>x", tokenizer.Options{PlainSpecial: true}), end)},
		{"both apart", []tokenizer.Range{{2, 9}, {10, 17}}, all},
		{"a part of it", []tokenizer.Range{{2, 8}}, tok.Encode(text, tokenizer.Options{})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, tok.Encode(text, tokenizer.Options{Plain: test.plain})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var ids []int32
			for _, token := range tok.EncodeOffsets(text, tokenizer.Options{Plain: test.plain}) {
				ids = append(ids, token.ID)
			}
			if diff := cmp.Diff(test.want, ids); diff != "" {
				t.Errorf("with offsets (-want +got):\n%s", diff)
			}
		})
	}
}
