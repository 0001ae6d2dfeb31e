package py

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Upper is str.upper by Unicode's full mapping: the sharp s becomes two letters.
func Upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

// Lower is str.lower by Unicode's full mapping, with the final sigma.
func Lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func fold(s string) string { return cases.Fold().String(s) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Capitalize is str.capitalize: the first character in title case, the others lowered.
func Capitalize(s string) string {
	for i, r := range s {
		n := i + runeLen(s[i:], r)
		return title(r) + Lower(s[n:])
	}
	return s
}

// title is a character in title case by Unicode's full mapping: that of the sharp s is Ss. Where no table has it, it is the
// upper case with all but the first of its letters lowered; an iota below stays one.
func title(r rune) string {
	if t := unicode.ToTitle(r); t != r || r < utf8.RuneSelf {
		return string(t)
	}
	upper := Upper(string(r))
	first, n := utf8.DecodeRuneInString(upper)
	switch {
	case n == len(upper):
		return string(r)
	case !isCased(first):
		return upper
	case r >= 0x1f80 && r <= 0x1fff && strings.HasSuffix(upper, "Ι"):
		return strings.TrimSuffix(upper, "Ι") + "\u0345"
	}
	return string(first) + Lower(upper[n:])
}

func titleCase(s string) string {
	var b strings.Builder
	inside := false
	for i, r := range s {
		switch {
		case !inside:
			b.WriteString(title(r))
		case r == 'Σ':
			b.WriteRune(sigma(s[i+len("Σ"):]))
		default:
			b.WriteString(Lower(string(r)))
		}
		inside = isCased(r)
	}
	return b.String()
}

// sigma is the small sigma before the rest of a text: the final one at the end of a word.
func sigma(rest string) rune {
	if r, _ := utf8.DecodeRuneInString(rest); isCased(r) {
		return 'σ'
	}
	return 'ς'
}

func swapCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case isUpper(r):
			b.WriteString(Lower(string(r)))
		case isLower(r):
			b.WriteString(Upper(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func allRunes(name string, is func(rune) bool) method {
	all := emptyToo(name, is)
	return func(s string, a Args) any { return all(s, a).(bool) && s != "" }
}

func emptyToo(name string, is func(rune) bool) method {
	return func(s string, a Args) any {
		a.Bind(name)
		return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
	}
}

func cased(name string, want, other func(rune) bool) method {
	return func(s string, a Args) any {
		a.Bind(name)
		return strings.ContainsFunc(s, want) && !strings.ContainsFunc(s, func(r rune) bool { return other(r) || unicode.IsTitle(r) })
	}
}

func isTitle(s string, a Args) any {
	a.Bind("istitle")
	inside, any := false, false
	for _, r := range s {
		upper := isUpper(r) || unicode.IsTitle(r)
		if upper && inside || isLower(r) && !inside {
			return false
		}
		inside = isCased(r)
		any = any || inside
	}
	return any
}

func isIdentifier(s string, a Args) any {
	a.Bind("isidentifier")
	return Identifier(s)
}

// Identifier reports whether s is a Python identifier.
func Identifier(s string) bool {
	for i, r := range s {
		start := r == '_' || isAlpha(r) || unicode.In(r, unicode.Nl, unicode.Other_ID_Start)
		if !start && (i == 0 || !known(r) || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc, unicode.Other_ID_Continue)) {
			return false
		}
	}
	return s != ""
}
