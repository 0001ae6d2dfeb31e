package tokenizer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"
)

// unicode8 is what Unicode 8 had assigned. The reference takes the categories of BERT's rules from that version: what came
// later is no mark, no control and no punctuation to it, and the runes named below were something else at the time.
var unicode8 = rangetable.Assigned("8.0.0")

// isControl is the Other category but for what is unassigned, and for line ends and tabs, which count as white space.
func isControl(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < ' ' || r == 0x7f) && r != '\t' && r != '\n' && r != '\r'
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) && unicode.Is(unicode8, r)
}

// isNonspacing is the category Mn.
func isNonspacing(r rune) bool {
	switch r {
	case 0x1734, 0x1171e:
		return true
	case 0x1885, 0x1886, 0xa9bd, 0x111c9:
		return false
	}
	return r >= 0x300 && unicode.Is(unicode.Mn, r) && unicode.Is(unicode8, r)
}

// isPunctuation is that of BERT: the category P, and all of ASCII that is no letter, number or space.
func isPunctuation(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r > ' ' && r < 0x7f && !(r >= '0' && r <= '9') && !(r|0x20 >= 'a' && r|0x20 <= 'z')
	case r == 0x166d, r == 0x111c9:
		return true
	}
	return unicode.IsPunct(r) && unicode.Is(unicode8, r)
}
