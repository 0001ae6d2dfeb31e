package words

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// IsSpace is Python's str.isspace: Unicode white space and the four ASCII separators U+001C-U+001F.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// IsWord is Python's \w: letters, numbers of every kind and the underscore, but no combining marks.
func IsWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// Lower is Python's str.lower: full case mapping ("İ" becomes two code points), final sigma included.
func Lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return cases.Lower(language.Und).String(s)
		}
	}
	return strings.ToLower(s)
}

// Fields is Python's str.split without arguments.
func Fields(s string) []string { return strings.FieldsFunc(s, IsSpace) }

// Trim is Python's str.strip without arguments.
func Trim(s string) string { return strings.TrimFunc(s, IsSpace) }

// nltkSpace is \s of the regex engine that NLTK compiles its rules with: without the separators U+001C-U+001F.
func nltkSpace(r rune) bool { return unicode.IsSpace(r) }

// nltkWord is \w of that engine: alphabetic characters, marks, decimal digits, connectors and joiners.
func nltkWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
}

// at reports whether text[i], a rune index, exists and is of a class.
func at(text []rune, i int, is func(rune) bool) bool { return i >= 0 && i < len(text) && is(text[i]) }

// boundary reports whether exactly one of the runes before and at i is a word character (\b).
func boundary(text []rune, i int, word func(rune) bool) bool {
	return at(text, i-1, word) != at(text, i, word)
}
