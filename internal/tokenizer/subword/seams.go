package subword

import "unicode/utf8"

// Seams are the places where a word may be cut without a change of its tokens: between two characters that follow each other
// in no token of the vocabulary. No merge reaches over such a place, so that what is before it and after it are merged as if
// they stood alone. Texts without spaces between words, such as Chinese ones, fall into pieces that come again and again.
type Seams struct {
	chars [seamBits / 64]uint64 // pairs of characters in a token, by hash: one bit may stand for several
	bytes [1 << 16 / 64]uint64  // last and first bytes, where a token has less than the whole of one of the characters
}

const seamBits = 1 << 20 // at most one in thirty set by the greatest vocabularies in use

// add joins what follows each other in a token.
func (s *Seams) add(token []byte) {
	for last, at := rune(-1), 0; at < len(token); {
		r, w := fragment(token[at:])
		if at > 0 {
			if r < 0 || last < 0 {
				pair := uint16(token[at-1])<<8 | uint16(token[at])
				s.bytes[pair>>6] |= 1 << (pair & 63)
			} else {
				h := seamHash(last, r)
				s.chars[h>>6] |= 1 << (h & 63)
			}
		}
		last = r
		at += w
	}
}

// fragment is the first character of a token and its width; -1 where the token has only a part of it.
func fragment(s []byte) (rune, int) {
	r, w := utf8.DecodeRune(s)
	if r != utf8.RuneError || w != 1 {
		return r, w
	}
	for w < len(s) && !utf8.RuneStart(s[w]) {
		w++
	}
	return -1, w
}

// seamHash has the constant of pairs.
func seamHash(a, b rune) uint32 {
	return uint32((uint64(uint32(a))<<32 | uint64(uint32(b))) * 0x9e3779b97f4a7c15 >> 44)
}

// Cut writes the ends of the pieces of a word between its seams, as many as there is room for, and gives their number. It looks
// for seams beside characters that are not ASCII only; the word is valid UTF-8 and not empty. Whether there is a seam nobody can
// guess, so that it asks without a branch.
func (s *Seams) Cut(word string, ends []int) int {
	n := 0
	last, at := wide(word, 0)
	for at < len(word) && n < len(ends)-1 {
		r, w := wide(word, at)
		if last|r >= utf8.RuneSelf {
			h := seamHash(last, r)
			pair := uint16(word[at-1])<<8 | uint16(word[at])
			joined := s.chars[h>>6]>>(h&63) | s.bytes[pair>>6]>>(pair&63)
			ends[n] = at
			n += int(^joined & 1)
		}
		last = r
		at += w
	}
	if n < len(ends)-1 {
		ends[n] = at
		n++
	}
	return n
}

// wide is utf8.DecodeRuneInString for valid text, quick where a rune has three bytes.
func wide(s string, i int) (rune, int) {
	if i+3 <= len(s) && s[i]&0xf0 == 0xe0 {
		return rune(s[i]&0x0f)<<12 | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f), 3
	}
	return utf8.DecodeRuneInString(s[i:])
}
