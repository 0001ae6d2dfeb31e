package table

import (
	"fmt"
	"strconv"
	"strings"
	"text/scanner"
	"time"
)

// ParseWhere compiles a condition on rows:
//
//	lang == "zh" && n > 3
//	text contains "x" || !(origin.row < 10)
//	tags contains "a" && title != null
//
// Comparisons are == != < <= > >= of a column (fields of structs by dots) with a text, number, true, false or null; contains
// looks for a part of a text or an element of a list. && binds tighter than ||. null is equal to null alone, smaller than
// nothing. "" holds for every row.
func ParseWhere(text string, s *Schema) (func(Row) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(Row) bool { return true }, nil
	}
	p := &whereParser{schema: s}
	p.in.Init(strings.NewReader(text))
	p.in.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanFloats | scanner.ScanStrings | scanner.ScanRawStrings
	p.in.Error = func(_ *scanner.Scanner, msg string) { p.fail(msg) }
	p.next()
	keep := p.or()
	if p.err == nil && p.tok != scanner.EOF {
		p.fail("unexpected " + p.in.TokenText())
	}
	if p.err != nil {
		return nil, fmt.Errorf("condition %q: %w", text, p.err)
	}
	return keep, nil
}

type whereParser struct {
	in     scanner.Scanner
	tok    rune
	schema *Schema
	err    error
}

type test = func(Row) bool

func (p *whereParser) next() { p.tok = p.in.Scan() }

func (p *whereParser) fail(msg string) {
	if p.err == nil {
		p.err = fmt.Errorf("at character %d: %s", p.in.Position.Column, msg)
	}
}

// double takes an operator of two equal runes.
func (p *whereParser) double(r rune) bool {
	if p.tok != r || p.in.Peek() != r {
		return false
	}
	p.next()
	p.next()
	return true
}

func (p *whereParser) or() test {
	left := p.and()
	for p.err == nil && p.double('|') {
		a, b := left, p.and()
		left = func(r Row) bool { return a(r) || b(r) }
	}
	return left
}

func (p *whereParser) and() test {
	left := p.not()
	for p.err == nil && p.double('&') {
		a, b := left, p.not()
		left = func(r Row) bool { return a(r) && b(r) }
	}
	return left
}

func (p *whereParser) not() test {
	switch p.tok {
	case '!':
		p.next()
		in := p.not()
		return func(r Row) bool { return !in(r) }
	case '(':
		p.next()
		in := p.or()
		if p.tok != ')' {
			p.fail("a ) is missing")
		}
		p.next()
		return in
	}
	return p.comparison()
}

func (p *whereParser) comparison() test {
	get, t := p.column()
	op := p.operator()
	want := p.literal()
	if p.err != nil {
		return nil
	}
	if op == "contains" {
		return p.contains(get, t, want)
	}
	if err := comparable(t, want); err != nil {
		p.fail(err.Error())
		return nil
	}
	if t == Timestamp && want != nil {
		at, err := time.Parse(time.RFC3339Nano, want.(string))
		if err != nil {
			p.fail("no time such as 2006-01-02T15:04:05Z")
		}
		want = at
	}
	return func(r Row) bool { return compare(get(r), want, op) }
}

// column reads a column's name, or a struct's field as in origin.row.
func (p *whereParser) column() (get func(Row) any, t Type) {
	fields := p.schema.Fields
	var path []int
	for {
		name := p.in.TokenText()
		if p.tok == scanner.RawString { // `a name` with spaces
			name = strings.Trim(name, "`")
		} else if p.tok != scanner.Ident {
			p.fail("want a column, got " + strconv.Quote(name))
			return nil, t
		}
		at := (&Schema{Fields: fields}).Index(name)
		if at < 0 {
			p.fail(fmt.Sprintf("no column %q", name))
			return nil, t
		}
		path, t = append(path, at), fields[at].Type
		p.next()
		if p.tok != '.' {
			return func(r Row) any { return dig(r, path) }, t
		}
		fields = t.Fields()
		p.next()
	}
}

func dig(v any, path []int) any {
	for _, at := range path {
		row, ok := v.([]any)
		if !ok {
			return nil
		}
		v = row[at]
	}
	return v
}

func (p *whereParser) operator() string {
	op := p.in.TokenText()
	switch {
	case op == "contains":
	case strings.ContainsAny(op, "=!<>") && p.in.Peek() == '=':
		op += "="
		p.next()
	case op != "<" && op != ">":
		p.fail("want one of == != < <= > >= contains, got " + strconv.Quote(op))
	}
	p.next()
	return op
}

func (p *whereParser) literal() any {
	sign := ""
	if p.tok == '-' {
		sign = "-"
		p.next()
	}
	text := sign + p.in.TokenText()
	tok := p.tok
	p.next()
	var v any
	var err error
	switch {
	case tok == scanner.String && sign == "", tok == scanner.RawString && sign == "":
		v, err = strconv.Unquote(text)
	case tok == scanner.Int:
		v, err = strconv.ParseInt(text, 10, 64)
	case tok == scanner.Float:
		v, err = strconv.ParseFloat(text, 64)
	case text == "true", text == "false":
		v = text == "true"
	case text == "null":
	default:
		err = fmt.Errorf("want a text in quotes, a number, true, false or null, got %q", text)
	}
	if err != nil {
		p.fail(err.Error())
	}
	return v
}
