package pattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape reads a backslash and what follows outside of a class.
func (p *parser) escape() (node, error) {
	if p.i+1 >= len(p.s) {
		return node{}, errors.New("a \\ at the end")
	}
	assert := map[byte]assertion{'A': textStart, 'z': textEnd, 'Z': textEndLine, 'b': wordEdge, 'B': noWordEdge}
	c := p.s[p.i+1]
	if a, ok := assert[c]; ok {
		p.i += 2
		return node{op: opAssert, assert: a}, nil
	}
	if c == 'R' { // any line end, \r\n as one
		p.i += 2
		lines := node{op: opSet, set: newSet(lineEnds)}
		crlf := node{op: opConcat, subs: []node{p.single('\r'), p.single('\n')}}
		return node{op: opAtomic, subs: []node{{op: opAlternate, subs: []node{crlf, lines}}}}, nil
	}
	if c|0x20 == 'w' {
		p.i += 2
		has := loneWord(p.syntax)
		if c == 'W' {
			has = not(has)
		}
		return node{op: opSet, set: newSet(has)}, nil
	}
	has, r, err := p.escapeSet()
	switch {
	case err != nil:
		return node{}, err
	case r >= 0:
		return p.single(r), nil
	}
	return node{op: opSet, set: newSet(has)}, nil
}

func lineEnds(r rune) bool { return r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029 }

// escapeSet reads an escape that stands for a rune, which may bound a range, or for a set of runes (then the rune is -1).
func (p *parser) escapeSet() (has func(rune) bool, r rune, err error) {
	if p.i+1 >= len(p.s) {
		return nil, 0, errors.New("a \\ at the end")
	}
	c := p.s[p.i+1]
	if has, ok := escaped(c, p.syntax); ok {
		p.i += 2
		return has, -1, nil
	}
	switch {
	case c|0x20 == 'p' && (p.syntax == Fancy || strings.HasPrefix(p.s[p.i+2:], "{")):
		p.i += 2
		has, err := p.property(c == 'P')
		return has, -1, err
	case c == 'x', c == 'u':
		p.i += 2
		r, err := p.hex(c)
		return single(r), r, err
	}
	p.i += 2
	switch plain := strings.IndexByte("tnrfvae0", c); {
	case plain >= 0:
		r = rune("\t\n\r\f\v\a\x1b\x00"[plain])
	case c|0x20 == 'p': // \pL is of Fancy only: to Oniguruma it is a p
		r = rune(c)
	case c < utf8.RuneSelf && (c >= '1' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'):
		return nil, 0, fmt.Errorf("escape \\%c is not supported", c)
	default:
		var w int
		p.i--
		r, w = utf8.DecodeRuneInString(p.s[p.i:])
		p.i += w
	}
	return single(r), r, nil
}

// property reads the name of \p{L}, \p{^L} or \pL.
func (p *parser) property(negated bool) (func(rune) bool, error) {
	var name string
	if p.take("{") {
		end := strings.IndexByte(p.s[p.i:], '}')
		if end < 0 {
			return nil, errors.New("a property has no }")
		}
		name = p.s[p.i : p.i+end]
		p.i += end + 1
	} else if p.more() {
		name = p.s[p.i : p.i+1]
		p.i++
	}
	has, err := property(name)
	if err != nil {
		return nil, err
	}
	if p.syntax == Fancy { // Oniguruma knows no case here
		has = p.fold(has)
	}
	if negated {
		has = not(has)
	}
	return has, nil
}

// hex reads the digits of \x41, \x{1f600}, \u0041 or \u{41}.
func (p *parser) hex(kind byte) (rune, error) {
	digits := ""
	if p.take("{") {
		end := strings.IndexByte(p.s[p.i:], '}')
		if end < 0 {
			return 0, errors.New("a code point has no }")
		}
		digits = p.s[p.i : p.i+end]
		p.i += end + 1
	} else {
		n := map[byte]int{'x': 2, 'u': 4}[kind]
		for len(digits) < n && p.more() && hexDigit(rune(p.s[p.i])) {
			digits += p.s[p.i : p.i+1]
			p.i++
		}
	}
	r, err := strconv.ParseUint(digits, 16, 21)
	if err != nil {
		return 0, fmt.Errorf("code point %q is not known", digits)
	}
	return rune(r), nil
}

// class reads what follows a [, up to its ]. What is in it is folded before it is negated; Oniguruma folds the outermost class
// only, and after &&.
func (p *parser) class(inner bool) (func(rune) bool, error) {
	if p.depth++; p.depth > maxRepeat {
		return nil, errors.New("classes are nested too deeply")
	}
	defer func() { p.depth-- }()
	negated := p.take("^")
	var sides []func(rune) bool // of &&
	var items []func(rune) bool
	for first := true; ; first = false {
		switch {
		case !p.more():
			return nil, errors.New("a [ has no ]")
		case !first && p.take("]"):
			has := anyOf(items)
			for _, side := range sides {
				if p.syntax == Fancy {
					side, has = p.fold(side), p.fold(has)
				}
				has = both(side, has)
			}
			if !inner || p.syntax == Fancy {
				has = p.fold(has)
			}
			if negated {
				has = not(has)
			}
			return has, nil
		case p.take("&&"):
			sides, items = append(sides, anyOf(items)), nil
		case p.syntax == Fancy && (strings.HasPrefix(p.s[p.i:], "--") || strings.HasPrefix(p.s[p.i:], "~~")):
			return nil, fmt.Errorf("class operator %s is not supported", p.s[p.i:p.i+2])
		default:
			has, err := p.classItem()
			if err != nil {
				return nil, err
			}
			items = append(items, has)
		}
	}
}

// classItem reads a rune, a range, an escape or a class inside of a class.
func (p *parser) classItem() (func(rune) bool, error) {
	if p.take("[:") {
		end := strings.Index(p.s[p.i:], ":]")
		if end < 0 {
			return nil, errors.New("a [: has no :]")
		}
		name := p.s[p.i : p.i+end]
		p.i += end + 2
		return posix(name, p.syntax)
	}
	if p.take("[") {
		return p.class(true)
	}
	has, low, err := p.classRune()
	if err != nil || low < 0 || !strings.HasPrefix(p.s[p.i:], "-") || strings.HasPrefix(p.s[p.i:], "-]") {
		return has, err
	}
	if p.syntax == Fancy && strings.HasPrefix(p.s[p.i:], "--") {
		return has, nil
	}
	p.i++
	set, high, err := p.classRune()
	switch {
	case err != nil:
		return nil, err
	case high < 0: // [a-\d]: the three as they stand
		return anyOf([]func(rune) bool{has, single('-'), set}), nil
	case high < low:
		return nil, fmt.Errorf("range %c-%c is empty", low, high)
	}
	return span(low, high), nil
}

// classRune reads one rune of a class, or an escape that stands for a set.
func (p *parser) classRune() (func(rune) bool, rune, error) {
	if !p.more() {
		return nil, 0, errors.New("a [ has no ]")
	}
	if p.s[p.i] == '\\' {
		if p.take(`\b`) {
			return single('\b'), '\b', nil
		}
		return p.escapeSet()
	}
	r, w := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += w
	return single(r), r, nil
}
