package aligned

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fettle/internal/tokenizer/swar"
)

// unsettled is a bit for each rune that composition may change or move: all combining marks, and what NFC never or only
// sometimes leaves as it is. Every other rune is a border: what comes before it has no part in it, so that NFC of a text is
// that of the stretches between such runes.
type unsettled [(unicode.MaxRune + 1) / 64]uint64

var unsettledTable = sync.OnceValue(func() *unsettled {
	t := new(unsettled)
	for _, span := range [][2]rune{{0x300, 0x1ffff}, {0x2f800, 0x2fa1f}} { // no other runes are unsettled
		for r := span[0]; r <= span[1]; r++ {
			if isUnsettled(r) {
				t[r>>6] |= 1 << (r & 63)
			}
		}
	}
	return t
})

func isUnsettled(r rune) bool {
	if isWhole(r) || !utf8.ValidRune(r) {
		return false
	}
	s := string(r)
	p := norm.NFC.PropertiesString(s)
	settled := p.CCC() == 0 && p.BoundaryBefore() && norm.NFC.IsNormalString(s)
	return !settled && !isLater(r)
}

// isWhole are Han and Hangul syllables, which are too many to ask for: they are all settled.
func isWhole(r rune) bool { return r >= 0x4e00 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 }

// find is the first unsettled rune of s at or after i, or -1.
func (t *unsettled) find(s string, i int) int {
	for i < len(s) {
		if s[i] < utf8.RuneSelf {
			for i++; i+8 <= len(s); i += 8 {
				if n := swar.Before(swar.Load(s, i) & swar.Highs); n < 8 {
					i += n
					break
				}
			}
			continue
		}
		r, w := rune(0), 3
		if s[i]&0xf0 == 0xe0 && i+3 <= len(s) {
			r = rune(s[i]&0x0f)<<12 | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f)
		} else {
			r, w = utf8.DecodeRuneInString(s[i:])
		}
		if t[r>>6]>>(r&63)&1 != 0 {
			return i
		}
		i += w
	}
	return -1
}

// stretch is the part of s round the unsettled rune at i that NFC looks at: from the rune before it to the next that is settled.
func (t *unsettled) stretch(s string, i int) (start, end int) {
	_, w := utf8.DecodeLastRuneInString(s[:i])
	start = i - w
	for end = i; end < len(s); {
		r, w := utf8.DecodeRuneInString(s[end:])
		if t[r>>6]>>(r&63)&1 == 0 {
			break
		}
		end += w
	}
	return start, end
}
