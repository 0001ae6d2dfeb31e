package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Pattern finds matches in text. It is safe for concurrent use.
type Pattern struct {
	find  finder
	words func(s string, c *cuts) bool // cuts all of s, where there is a faster way than find
}

// Compile reads a regular expression; what is not known is an error that names it.
func Compile(expr string, syntax Syntax) (*Pattern, error) {
	if p := known(expr); p != nil {
		return p, nil
	}
	prog, err := compile(expr, syntax)
	if err != nil {
		return nil, fmt.Errorf("compile pattern %q: %w", expr, err)
	}
	return &Pattern{find: prog.find}, nil
}

// Literal matches s itself.
func Literal(s string) *Pattern {
	return &Pattern{find: func(text string, from int) (int, int) {
		if from > len(text) {
			return -1, -1
		}
		i := strings.Index(text[from:], s)
		if i < 0 {
			return -1, -1
		}
		return from + i, from + i + len(s)
	}}
}

// Runes matches one rune for which is holds.
func Runes(is func(rune) bool) *Pattern {
	return &Pattern{find: func(text string, from int) (int, int) {
		for i, r := range text[from:] {
			if is(r) {
				return from + i, from + i + utf8.RuneLen(r)
			}
		}
		return -1, -1
	}}
}

// Find gives the first match that starts at from or later, or -1, -1. A match may be empty.
func (p *Pattern) Find(s string, from int) (start, end int) { return p.find(s, from) }
