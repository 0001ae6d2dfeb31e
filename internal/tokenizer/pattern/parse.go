package pattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a part of a regular expression.
type node struct {
	op   nodeOp
	set  *set   // of opSet
	subs []node // of opConcat, opAlternate; one of opRepeat, opLook, opAtomic

	min, max int // of opRepeat; max < 0 = no limit
	mode     repeatMode

	behind, negative bool // of opLook
	assert           assertion
}

type nodeOp int

const (
	opEmpty nodeOp = iota
	opSet
	opConcat
	opAlternate
	opRepeat
	opLook
	opAtomic
	opAssert
)

type repeatMode int

const (
	greedy repeatMode = iota
	lazy
	possessive
)

type assertion int

const (
	textStart assertion = iota
	textEnd
	textEndLine // the end, or before a line end that is the last character
	lineStart
	lineEnd
	wordEdge
	noWordEdge
)

// maxRepeat bounds counts, since counted parts are written out as often as they count.
const maxRepeat = 1000

type flags struct{ fold, dotAll, multiLine, extended bool }

type parser struct {
	s      string
	i      int
	syntax Syntax
	flags  flags
	depth  int
}

// parse reads a regular expression.
func parse(expr string, syntax Syntax) (node, error) {
	p := &parser{s: expr, syntax: syntax}
	p.flags.multiLine = syntax == Oniguruma
	n, err := p.alternation()
	if err == nil && p.i < len(p.s) {
		err = errors.New("a ) has no (")
	}
	if err != nil {
		return node{}, fmt.Errorf("at byte %d: %w", p.i, err)
	}
	return n, nil
}

func (p *parser) more() bool { return p.i < len(p.s) }

// take passes over s if it comes next.
func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.s[p.i:], s) {
		p.i += len(s)
		return true
	}
	return false
}

func (p *parser) alternation() (node, error) {
	if p.depth++; p.depth > maxRepeat {
		return node{}, errors.New("groups are nested too deeply")
	}
	defer func() { p.depth-- }()
	flags := p.flags // set by (?i) up to the end of the group
	defer func() { p.flags = flags }()
	var branches []node
	for {
		n, err := p.concatenation()
		if err != nil {
			return n, err
		}
		branches = append(branches, n)
		if !p.take("|") {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return node{op: opAlternate, subs: branches}, nil
}

func (p *parser) concatenation() (node, error) {
	out := node{op: opConcat}
	for p.more() && p.s[p.i] != '|' && p.s[p.i] != ')' {
		if p.flags.extended && p.skipBlank() {
			continue
		}
		n, err := p.atom()
		if err != nil {
			return n, err
		}
		for {
			repeated, ok, err := p.quantifier(n)
			if err != nil {
				return n, err
			}
			if !ok {
				break
			}
			n = repeated
		}
		out.subs = append(out.subs, n)
	}
	return out, nil
}

// skipBlank passes over what (?x) leaves aside.
func (p *parser) skipBlank() bool {
	if strings.IndexByte(" \t\r\n\f\v", p.s[p.i]) >= 0 {
		p.i++
		return true
	}
	if p.s[p.i] != '#' {
		return false
	}
	for p.more() && p.s[p.i] != '\n' {
		p.i++
	}
	return true
}

// quantifier reads what may follow a part.
func (p *parser) quantifier(n node) (node, bool, error) {
	if !p.more() {
		return n, false, nil
	}
	out := node{op: opRepeat, subs: []node{n}, max: -1}
	braces, exact := false, false
	switch p.s[p.i] {
	case '*':
		p.i++
	case '+':
		p.i++
		out.min = 1
	case '?':
		p.i++
		out.max = 1
	case '{':
		if out.min, out.max, exact, braces = p.braces(); !braces {
			return n, false, nil
		}
		if out.min > maxRepeat || out.max > maxRepeat {
			return n, false, fmt.Errorf("a count is greater than %d", maxRepeat)
		}
	default:
		return n, false, nil
	}
	switch {
	case exact && p.syntax == Oniguruma: // {n}? is an optional {n}, {n}+ a repeated one: ordinary quantifiers
	case p.take("?"):
		out.mode = lazy
	case (!braces || p.syntax == Fancy) && p.take("+"):
		out.mode = possessive
	}
	return out, true, nil
}

// braces reads {n}, {n,}, {n,m} or {,m}; anything else is no quantifier.
func (p *parser) braces() (low, high int, exact, ok bool) {
	end := strings.IndexByte(p.s[p.i:], '}')
	if end < 0 {
		return 0, 0, false, false
	}
	from, to, comma := strings.Cut(p.s[p.i+1:p.i+end], ",")
	var err error
	if from != "" {
		if low, err = strconv.Atoi(from); err != nil || low < 0 {
			return 0, 0, false, false
		}
	}
	high = low
	switch {
	case comma && to == "":
		high = -1
	case comma:
		high, err = strconv.Atoi(to)
	}
	if err != nil || from == "" && to == "" || high >= 0 && high < low {
		return 0, 0, false, false
	}
	p.i += end + 1
	return low, high, !comma, true
}

// atom reads one part.
func (p *parser) atom() (node, error) {
	switch c := p.s[p.i]; c {
	case '(':
		p.i++
		return p.group()
	case '[':
		p.i++
		has, err := p.class(false)
		if err != nil {
			return node{}, err
		}
		return node{op: opSet, set: newSet(has)}, nil
	case '.':
		p.i++
		if p.flags.dotAll {
			return node{op: opSet, set: newSet(func(rune) bool { return true })}, nil
		}
		return node{op: opSet, set: newSet(not(single('\n')))}, nil
	case '^':
		p.i++
		if p.flags.multiLine {
			return node{op: opAssert, assert: lineStart}, nil
		}
		return node{op: opAssert, assert: textStart}, nil
	case '$':
		p.i++
		if p.flags.multiLine {
			return node{op: opAssert, assert: lineEnd}, nil
		}
		return node{op: opAssert, assert: textEnd}, nil
	case '*', '+', '?':
		return node{}, fmt.Errorf("%c has nothing to repeat", c)
	case '\\':
		return p.escape()
	}
	r, w := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += w
	return p.single(r), nil
}

// single is one rune, whatever the case where that is set.
func (p *parser) single(r rune) node { return node{op: opSet, set: newSet(p.fold(single(r)))} }

func (p *parser) fold(has func(rune) bool) func(rune) bool {
	if p.flags.fold {
		return folded(has)
	}
	return has
}

// group reads what follows a (.
func (p *parser) group() (node, error) {
	outer := p.flags
	defer func() { p.flags = outer }()
	var wrap func(node) node
	switch {
	case !p.take("?"):
	case p.take("#"):
		end := strings.IndexByte(p.s[p.i:], ')')
		if end < 0 {
			return node{}, errors.New("a comment has no end")
		}
		p.i += end + 1
		return node{op: opEmpty}, nil
	case p.take("="):
		wrap = look(false, false)
	case p.take("!"):
		wrap = look(false, true)
	case p.take("<="):
		wrap = look(true, false)
	case p.take("<!"):
		wrap = look(true, true)
	case p.take(">"):
		wrap = func(n node) node { return node{op: opAtomic, subs: []node{n}} }
	case p.take("P<"), p.take("<"), p.take("'"):
		end := strings.IndexAny(p.s[p.i:], ">'")
		if end < 0 {
			return node{}, errors.New("a group's name has no end")
		}
		p.i += end + 1
	default:
		rest, err := p.setFlags()
		if err != nil {
			return node{}, err
		}
		if rest && p.syntax == Fancy { // holds from here to the end of the group around
			outer = p.flags
			return node{op: opEmpty}, nil
		}
		if rest { // the same, but what is left of the group around becomes a group of its own
			return p.alternation()
		}
	}
	n, err := p.alternation()
	if err != nil {
		return n, err
	}
	if !p.take(")") {
		return n, errors.New("a ( has no )")
	}
	if wrap != nil {
		n = wrap(n)
	}
	return n, nil
}

func look(behind, negative bool) func(node) node {
	return func(n node) node { return node{op: opLook, subs: []node{n}, behind: behind, negative: negative} }
}

// setFlags reads flags up to : or ). rest says that they hold for the rest of the group around.
func (p *parser) setFlags() (rest bool, err error) {
	on := true
	for p.more() {
		c := p.s[p.i]
		p.i++
		switch {
		case c == ':':
			return false, nil
		case c == ')':
			return true, nil
		case c == '-':
			on = false
		case c == 'i':
			p.flags.fold = on
		case c == 'x':
			p.flags.extended = on
		case c == 'm' && p.syntax == Oniguruma, c == 's' && p.syntax == Fancy:
			p.flags.dotAll = on
		case c == 'm':
			p.flags.multiLine = on
		case c == 'u' && p.syntax == Fancy && on:
		default:
			return false, fmt.Errorf("group (?%c is not supported", c)
		}
	}
	return false, errors.New("flags have no end")
}
