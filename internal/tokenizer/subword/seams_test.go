package subword_test

import (
	"testing"

	"fettle/internal/tokenizer/subword"
)

// No token of the vocabulary has a seam in it, also where two tokens have one id.
func TestNoSeamInAToken(t *testing.T) {
	for _, double := range []bool{false, true} {
		ranks := map[string]int32{}
		for b := range 256 {
			ranks[string([]byte{byte(b)})] = int32(b)
		}
		var tokens []string
		for c := range rune(300) {
			token := string([]rune{0x4e00 + c, 0x6e00 + c})
			ranks[token] = int32(len(ranks))
			tokens = append(tokens, token)
		}
		if double {
			id := int32(len(ranks))
			ranks["xy"], ranks["xz"] = id, id
		}
		model, err := subword.NewRanks(ranks)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range tokens {
			var ends [4]int
			if n := model.Seams().Cut(token, ends[:]); n != 1 || ends[0] != len(token) {
				t.Fatalf("two tokens of one id %v: %q is cut at %v", double, token, ends[:n])
			}
		}
	}
}
