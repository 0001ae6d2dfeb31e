package tokenizer

import (
	"strings"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/subword"
)

// Decode gives the text of ids. Ids that are no tokens are left out; bytes that are no UTF-8 become U+FFFD. skipSpecial leaves
// special tokens out.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	if t.bytes != nil {
		return aligned.Valid(string(t.appendBytes(nil, ids, skipSpecial)))
	}
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if skipSpecial && t.skips(id) {
			continue
		}
		if s, ok := t.spelling(id); ok {
			tokens = append(tokens, s)
		}
	}
	if t.decoder == nil {
		return strings.Join(tokens, " ")
	}
	for _, d := range t.decoder {
		tokens = d(tokens)
	}
	return strings.Join(tokens, "")
}

func (t *Tokenizer) appendBytes(dst []byte, ids []int32, skipSpecial bool) []byte {
	for _, id := range ids {
		if id < 0 || int(id) >= len(t.bytes) || skipSpecial && t.skips(id) {
			continue
		}
		dst = append(dst, t.bytes[id]...)
	}
	return dst
}

// spelling is what decoding starts from: the token, in its normalized form where it was looked for in that.
func (t *Tokenizer) spelling(id int32) (string, bool) {
	if s, ok := t.added.spelling[id]; ok {
		return s, true
	}
	return t.Token(id)
}

// skips says whether decoding without special tokens leaves a token out. As in the reference the spelling decides: a special
// token that normalizing changes stays.
func (t *Tokenizer) skips(id int32) bool {
	a, ok := t.added.byID[id]
	if !ok || !a.Special {
		return false
	}
	_, changed := t.added.spelling[id]
	return !changed
}

// allBytes are the bytes of every token in a byte-level vocabulary.
func (t *Tokenizer) allBytes() []string {
	top := t.vocab.Top()
	for _, a := range t.added.tokens {
		top = max(top, a.ID+1)
	}
	out := make([]string, top)
	for id := range out {
		if s, ok := t.spelling(int32(id)); ok {
			out[id] = tokenBytes(s)
		}
	}
	return out
}

// tokenBytes are the bytes that a token spells, or its own where it is not in the byte-level alphabet.
func tokenBytes(s string) string {
	if b, ok := subword.AppendBytes(make([]byte, 0, len(s)), s); ok {
		return string(b)
	}
	return s
}
