package pattern

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"
)

// A set is a set of runes; ASCII is looked up, the rest asked for.
type set struct {
	ascii [utf8.RuneSelf]bool
	has   func(rune) bool
}

func newSet(has func(rune) bool) *set {
	s := &set{has: has}
	for r := range s.ascii {
		s.ascii[r] = has(rune(r))
	}
	return s
}

// width is that of the rune at s[i] if the set has it; 0 if not, or at the end.
func (t *set) width(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		if t.ascii[c] {
			return 1
		}
		return 0
	}
	r, w := utf8.DecodeRuneInString(s[i:])
	if t.has(r) {
		return w
	}
	return 0
}

func single(c rune) func(rune) bool               { return func(r rune) bool { return r == c } }
func span(low, high rune) func(rune) bool         { return func(r rune) bool { return low <= r && r <= high } }
func not(is func(rune) bool) func(rune) bool      { return func(r rune) bool { return !is(r) } }
func both(a, b func(rune) bool) func(r rune) bool { return func(r rune) bool { return a(r) && b(r) } }

func anyOf(sets []func(rune) bool) func(rune) bool {
	if len(sets) == 1 {
		return sets[0]
	}
	return func(r rune) bool {
		for _, has := range sets {
			if has(r) {
				return true
			}
		}
		return false
	}
}

func inTables(tables ...*unicode.RangeTable) func(rune) bool {
	return func(r rune) bool {
		switch {
		case r >= utf8.RuneSelf && !unicode.Is(unicode16, r):
			r = unassigned
		case r == pharyngeal:
			r = 'ɐ'
		}
		return unicode.In(r, tables...)
	}
}

// unicode16 is what Unicode 16 had assigned, the version of the reference's two engines; to them what came later is as yet
// unassigned, as this noncharacter is for ever.
var unicode16 = rangetable.Assigned("16.0.0")

const unassigned = '\U0010fffe'

// pharyngeal is the one rune whose category Unicode 17 changed: it was Ll, as ɐ is.
const pharyngeal = 'ʕ'

// folded is a set whatever the case.
func folded(has func(rune) bool) func(rune) bool {
	return func(r rune) bool {
		if has(r) {
			return true
		}
		if !unicode.Is(unicode16, r) {
			return false
		}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if unicode.Is(unicode16, f) && has(f) {
				return true
			}
		}
		return false
	}
}

// Derived properties of Unicode.
var (
	alphabetic = inTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic)
	uppercase  = inTables(unicode.Lu, unicode.Other_Uppercase)
	lowercase  = inTables(unicode.Ll, unicode.Other_Lowercase)

	unprintable = inTables(unicode.Cc, unicode.Cn, unicode.Cs)
)

// word is \w: the two engines disagree about joiners.
func word(syntax Syntax) func(rune) bool {
	if syntax == Fancy {
		return inTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
	}
	return inTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc)
}

var fancyWord = word(Fancy)

// IsWord says whether a rune is part of a word, as Rust's regex has it.
func IsWord(r rune) bool { return fancyWord(r) }

// loneWord is \w outside of a class: there Oniguruma has a table of its own for Latin-1, in which these are parts of words.
func loneWord(syntax Syntax) func(rune) bool {
	if syntax == Fancy {
		return word(syntax)
	}
	return anyOf([]func(rune) bool{word(syntax), func(r rune) bool { return strings.ContainsRune("²³¹¼½¾", r) }})
}

func hexDigit(r rune) bool {
	return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'f' && r < utf8.RuneSelf
}

// escaped are the sets that a letter after a backslash stands for.
func escaped(c byte, syntax Syntax) (func(rune) bool, bool) {
	var has func(rune) bool
	switch c | 0x20 {
	case 'd':
		has = inTables(unicode.Nd)
	case 's':
		has = unicode.IsSpace
	case 'w':
		has = word(syntax)
	case 'h':
		if syntax != Oniguruma {
			return nil, false
		}
		has = hexDigit
	default:
		return nil, false
	}
	if c < 'a' {
		has = not(has)
	}
	return has, true
}

// posix are the classes written [:name:], as Oniguruma derives them from Unicode; the Fancy ones are those of ASCII.
func posix(name string, syntax Syntax) (func(rune) bool, error) {
	name, negated := strings.CutPrefix(name, "^")
	var has func(rune) bool
	switch name {
	case "alpha":
		has = alphabetic
	case "alnum":
		has = inTables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.Nd)
	case "ascii":
		has = span(0, unicode.MaxASCII)
	case "blank":
		has = anyOf([]func(rune) bool{single('\t'), inTables(unicode.Zs)})
	case "cntrl":
		has = inTables(unicode.Cc)
	case "digit":
		has = inTables(unicode.Nd)
	case "graph":
		has = func(r rune) bool { return !unicode.IsSpace(r) && !unprintable(r) }
	case "print":
		has = func(r rune) bool {
			return unicode.Is(unicode.Zs, r) || !unicode.IsSpace(r) && !unprintable(r)
		}
	case "lower":
		has = lowercase
	case "upper":
		has = uppercase
	case "punct":
		has = inTables(unicode.P, unicode.S)
	case "space":
		has = unicode.IsSpace
	case "word":
		has = word(syntax)
	case "xdigit":
		has = hexDigit
	default:
		return nil, fmt.Errorf("class [:%s:] is not known", name)
	}
	if syntax == Fancy {
		is := has
		has = func(r rune) bool { return r < utf8.RuneSelf && is(r) }
	}
	if negated {
		has = not(has)
	}
	return has, nil
}

// property is what \p{name} stands for: a general category, a script or a binary property, whatever the case, spaces, _ and -.
func property(name string) (func(rune) bool, error) {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == ' ' || r == '_' || r == '-' {
				return -1
			}
			return unicode.ToLower(r)
		}, s)
	}
	want := plain(name)
	if key, value, ok := strings.Cut(want, "="); ok {
		switch key {
		case "gc", "generalcategory", "script", "sc":
			want = value
		default:
			return nil, fmt.Errorf("property \\p{%s} is not known", name)
		}
	}
	if negated, ok := strings.CutPrefix(want, "^"); ok {
		has, err := property(negated)
		if err != nil {
			return nil, err
		}
		return not(has), nil
	}
	switch want {
	case "any":
		return func(rune) bool { return true }, nil
	case "assigned":
		return not(inTables(unicode.Cn)), nil
	case "ascii":
		return span(0, unicode.MaxASCII), nil
	case "alphabetic", "alpha":
		return alphabetic, nil
	case "lowercase":
		return lowercase, nil
	case "uppercase":
		return uppercase, nil
	case "l&", "casedletter":
		return inTables(unicode.LC), nil
	case "punct":
		return inTables(unicode.P), nil
	}
	for alias, category := range unicode.CategoryAliases {
		if plain(alias) == want {
			want = plain(category)
			break
		}
	}
	for _, tables := range []map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts, unicode.Properties} {
		for known, table := range tables {
			if k := plain(known); k == want || "is"+k == want {
				return inTables(table), nil
			}
		}
	}
	return nil, fmt.Errorf("property \\p{%s} is not known", name)
}
