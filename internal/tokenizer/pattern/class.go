package pattern

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"fettle/internal/tokenizer/swar"
)

// Bits of the general categories that the known patterns ask for; every rune has at most one category bit, and space.
const (
	upper    uint8 = 1 << iota // Lu, Lt
	lower                      // Ll
	caseless                   // Lm, Lo
	mark                       // M
	number                     // N
	punct                      // P
	symbol                     // S
	space                      // White_Space

	letter = upper | lower | caseless
)

// classes maps a rune to its bits. It is built once, 1.1 MB, so that a scanner needs one load per rune.
type classes [unicode.MaxRune + 1]uint8

var classTable = sync.OnceValue(func() *classes {
	t := new(classes)
	known := new(classes)
	known.set(unicode16, 1)
	for _, c := range []struct {
		bit    uint8
		tables []*unicode.RangeTable
	}{
		{upper, []*unicode.RangeTable{unicode.Lu, unicode.Lt}},
		{lower, []*unicode.RangeTable{unicode.Ll}},
		{caseless, []*unicode.RangeTable{unicode.Lm, unicode.Lo}},
		{mark, []*unicode.RangeTable{unicode.M}},
		{number, []*unicode.RangeTable{unicode.N}},
		{punct, []*unicode.RangeTable{unicode.P}},
		{symbol, []*unicode.RangeTable{unicode.S}},
		{space, []*unicode.RangeTable{unicode.White_Space}},
	} {
		for _, table := range c.tables {
			t.set(table, c.bit)
		}
	}
	t[pharyngeal] = lower
	for r := range t {
		if known[r] == 0 {
			t[r] = 0
		}
	}
	return t
})

func (t *classes) set(table *unicode.RangeTable, bit uint8) {
	for _, r := range table.R16 {
		for c := uint32(r.Lo); c <= uint32(r.Hi); c += uint32(r.Stride) {
			t[c] |= bit
		}
	}
	for _, r := range table.R32 {
		for c := r.Lo; c <= r.Hi; c += r.Stride {
			t[c] |= bit
		}
	}
}

// at gives the bits and the width of the rune at s[i]; 0, 0 at the end.
func (t *classes) at(s string, i int) (bits uint8, width int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		return t[c], 1
	}
	r, w := utf8.DecodeRuneInString(s[i:])
	return t[r], w
}

// run is the end of the longest run from s[i] of runes with one of the bits.
func (t *classes) run(s string, i int, bits uint8) int {
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if t[c]&bits == 0 {
				return i
			}
			if i++; bits&letter == letter {
				i = swar.Letters(s, i)
			}
			continue
		}
		if isHan(s, i) {
			if bits&caseless == 0 {
				return i
			}
			i += 3
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		if t[r]&bits == 0 {
			return i
		}
		i += w
	}
	return i
}

// isHan says whether the rune at s[i] is one of U+4E00 to U+9FFF, the most common of those with three bytes; all are letters.
func isHan(s string, i int) bool {
	if i+3 > len(s) {
		return false
	}
	c, d, e := s[i], s[i+1], s[i+2]
	return c >= 0xe4 && c <= 0xe9 && (c != 0xe4 || d >= 0xb8) && d&0xc0 == 0x80 && e&0xc0 == 0x80
}

// runWithout is the end of the longest run from s[i] of runes with none of the bits.
func (t *classes) runWithout(s string, i int, bits uint8) int {
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if t[c]&bits != 0 {
				return i
			}
			i++
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		if t[r]&bits != 0 {
			return i
		}
		i += w
	}
	return i
}
