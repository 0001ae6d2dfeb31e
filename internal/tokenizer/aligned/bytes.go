package aligned

import (
	"iter"
	"unicode/utf8"
)

// DecodeRune is utf8.DecodeRuneInString, but a broken sequence is as wide as its longest good start (the rule of the Unicode
// standard, of Python and of Rust): one U+FFFD for each.
func DecodeRune(s string) (r rune, width int) {
	r, width = utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || width != 1 || len(s) < 2 {
		return r, width
	}
	c, next := s[0], s[1]
	low, high, n := byte(0x80), byte(0xbf), 0
	switch {
	case c >= 0xc2 && c <= 0xdf:
		n = 2
	case c == 0xe0:
		low, n = 0xa0, 3
	case c == 0xed:
		high, n = 0x9f, 3
	case c >= 0xe1 && c <= 0xef:
		n = 3
	case c == 0xf0:
		low, n = 0x90, 4
	case c == 0xf4:
		high, n = 0x8f, 4
	case c >= 0xf1 && c <= 0xf3:
		n = 4
	}
	if n < 3 || next < low || next > high {
		return r, 1
	}
	if n == 4 && len(s) > 2 && s[2]&0xc0 == 0x80 {
		return r, 3
	}
	return r, 2
}

// Valid is s with each broken sequence replaced by U+FFFD.
func Valid(s string) string { return FromBytes(s, false).S }

// Matches are the matches of find in s from left to right. An empty match right after another match does not count.
func Matches(find func(s string, from int) (start, end int), s string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		last := -1
		for at := 0; at <= len(s) && s != ""; {
			start, end := find(s, at)
			if start < 0 {
				return
			}
			if start == end {
				_, w := utf8.DecodeRuneInString(s[end:])
				at = end + max(w, 1)
				if start == last {
					continue
				}
			} else {
				at = end
			}
			last = end
			if !yield(start, end) {
				return
			}
		}
	}
}
