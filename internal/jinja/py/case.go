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
		return string(unicode.ToTitle(r)) + Lower(s[n:])
	}
	return s
}

func titleCase(s string) string {
	var b strings.Builder
	inside := false
	for _, r := range s {
		if inside {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteRune(unicode.ToTitle(r))
		}
		inside = isCased(r)
	}
	return b.String()
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func isCased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) }

func isDigit(r rune) bool {
	return unicode.IsDigit(r) || r == '²' || r == '³' || r == '¹' || 0x2070 <= r && r <= 0x2089 && unicode.Is(unicode.No, r) || 0x2460 <= r && r <= 0x2468
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
		upper := unicode.IsUpper(r) || unicode.IsTitle(r)
		if upper && inside || unicode.IsLower(r) && !inside {
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
		start := r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
		if !start && (i == 0 || !(unicode.IsDigit(r) || unicode.In(r, unicode.Mn, unicode.Mc, unicode.Pc))) {
			return false
		}
	}
	return s != ""
}
