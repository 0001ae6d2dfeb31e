// Package units cuts a text into the normalised units that near-duplicate and contamination checks compare: words where
// words are written apart, characters where they are not (Chinese, Japanese, Thai ...).
//
// Case, width, punctuation and white space do not count. The rules for English and Chinese are those of the reference data,
// so that a Jaccard figure means the same there and here.
package units

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Kind is how a text is cut.
type Kind uint8

const (
	Latin Kind = iota // words [0-9a-z]+ after lower case; what is not ASCII is left out
	Words             // runs of letters, marks and numbers of any script, NFKC, lower case
	Chars             // every letter and number by itself, NFKC, lower case
)

// KindOf chooses by the letters. A text that merely quotes a foreign word keeps its kind.
func KindOf(text string) Kind {
	var ascii, wide, other int
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				ascii++
			}
		case Wide(r):
			wide++
		case unicode.IsLetter(r):
			other++
		}
	}
	switch {
	case wide*25 > ascii+wide+other:
		return Chars
	case other > ascii:
		return Words
	}
	return Latin
}

// Wide says whether r belongs to a script that writes words without spaces between them.
func Wide(r rune) bool {
	if r < 0x0E00 {
		return false
	}
	return 0x4E00 <= r && r <= 0x9FFF || 0x3041 <= r && r <= 0x30FF ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// Units are the units of one text. Reuse one to save memory.
type Units struct {
	buf        []byte
	start, end []int32 // of each unit in buf
}

// Len is the number of units.
func (u *Units) Len() int { return len(u.start) }

// Gram is the normalised text of n units from unit i on; words are parted by one space.
func (u *Units) Gram(i, n int) []byte { return u.buf[u.start[i]:u.end[i+n-1]] }

// Cut fills u with the units of a text.
func (u *Units) Cut(text string, kind Kind) {
	u.buf, u.start, u.end = u.buf[:0], u.start[:0], u.end[:0]
	switch kind {
	case Latin:
		u.latin(text)
	case Words:
		u.words(text)
	default:
		u.chars(text)
	}
}

func (u *Units) open() { u.start = append(u.start, int32(len(u.buf))) }

func (u *Units) latin(text string) {
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == 0xE2 && i+2 < len(text) && text[i+1] == 0x80 && text[i+2] == 0x99: // U+2019, an apostrophe
			inside = u.shut(inside)
			continue
		case c == 0xC4 && i+1 < len(text) && text[i+1] == 0xB0: // U+0130 lowers to i and a dot above
			c = 'i'
		case c == 0xE2 && i+2 < len(text) && text[i+1] == 0x84 && text[i+2] == 0xAA: // U+212A, the Kelvin sign
			c = 'k'
		case c >= utf8.RuneSelf:
			continue // as if it were not there
		default:
			inside = u.shut(inside)
			continue
		}
		if !inside {
			u.open()
			inside = true
		}
		u.buf = append(u.buf, c)
	}
	u.shut(inside)
}

// shut ends a word.
func (u *Units) shut(inside bool) bool {
	if inside {
		u.end = append(u.end, int32(len(u.buf)))
		u.buf = append(u.buf, ' ')
	}
	return false
}

func (u *Units) words(text string) {
	inside := false
	for _, r := range norm.NFKC.String(text) {
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) {
			inside = u.shut(inside)
			continue
		}
		if !inside {
			u.open()
			inside = true
		}
		u.buf = utf8.AppendRune(u.buf, unicode.ToLower(r))
	}
	u.shut(inside)
}

// chars normalises only the stretches that NFKC may change: it never joins a character to Han, ASCII or CJK punctuation
// that follows, so a stretch may end there.
func (u *Units) chars(text string) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if steady(r) || r < utf8.RuneSelf && startsPlain(text[i+size:]) {
			u.char(r)
			i += size
			continue
		}
		end := i + size
		for !startsPlain(text[end:]) {
			_, n := utf8.DecodeRuneInString(text[end:])
			end += n
		}
		for _, r := range norm.NFKC.String(text[i:end]) {
			u.char(r)
		}
		i = end
	}
}

// steady characters stay what they are under NFKC, whatever stands beside them.
func steady(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0x3001 <= r && r <= 0x3003 || 0x3008 <= r && r <= 0x3011
}

func startsPlain(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return size == 0 || r < utf8.RuneSelf || steady(r)
}

func (u *Units) char(r rune) {
	if 0x4E00 <= r && r <= 0x9FFF || unicode.In(r, unicode.L, unicode.N) {
		u.open()
		u.buf = utf8.AppendRune(u.buf, unicode.ToLower(r))
		u.end = append(u.end, int32(len(u.buf)))
	}
}
