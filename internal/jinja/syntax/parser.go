package syntax

import (
	"fmt"
	"slices"
)

// maxNesting bounds how deep expressions and tags nest, as Python's recursion limit does for Jinja2.
const maxNesting = 200

// Parse reads a template.
func Parse(src string) (body []Stmt, err error) {
	l, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{lexer: l}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			body, err = nil, r
		default:
			panic(r)
		}
	}()
	return p.body(), nil
}

// parser is a recursive descent over the tokens; a fault panics with *Error, which Parse returns.
type parser struct {
	*lexer
	next   int
	depth  int
	macros []*Signature // open macros and call blocks: reading varargs, kwargs or caller marks them
	loops  int          // open loops that break and continue can reach
	fors   int          // open loops
}

func (p *parser) cur() token { return p.tokens[p.next] }

func (p *parser) look() token { return p.tokens[min(p.next+1, len(p.tokens)-1)] }

func (p *parser) advance() token {
	t := p.cur()
	if t.kind != kindEOF {
		p.next++
	}
	return t
}

func (p *parser) here() Pos { return p.place(p.cur().at) }

func (p *parser) failf(at Pos, format string, args ...any) {
	panic(&Error{at, fmt.Sprintf(format, args...)})
}

func (p *parser) isOp(ops ...string) bool {
	return p.cur().kind == kindOp && slices.Contains(ops, p.cur().text)
}

func (p *parser) isName(names ...string) bool {
	return p.cur().kind == kindName && slices.Contains(names, p.cur().text)
}

func (p *parser) skipName(name string) bool {
	ok := p.isName(name)
	if ok {
		p.next++
	}
	return ok
}

func (p *parser) skipOp(op string) bool {
	ok := p.isOp(op)
	if ok {
		p.next++
	}
	return ok
}

func (p *parser) expectOp(op string) {
	if !p.skipOp(op) {
		p.failf(p.here(), "expected token '%s', got %s", op, p.describe())
	}
}

func (p *parser) expectName() string {
	if p.cur().kind != kindName {
		p.failf(p.here(), "expected a name, got %s", p.describe())
	}
	return p.advance().text
}

func (p *parser) expect(k kind) {
	if p.cur().kind != k {
		want := map[kind]string{kindBlockEnd: "end of statement block", kindVarEnd: "end of print statement"}[k]
		p.failf(p.here(), "expected token '%s', got %s", want, p.describe())
	}
	p.next++
}

func (p *parser) describe() string {
	switch t := p.cur(); t.kind {
	case kindEOF:
		return "the end of the template"
	case kindBlockEnd:
		return "'end of statement block'"
	case kindVarEnd:
		return "'end of print statement'"
	case kindString:
		return fmt.Sprintf("a string %q", t.text)
	default:
		return "'" + t.text + "'"
	}
}

// enter counts one level of nesting; the caller defers leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.failf(p.here(), "nested deeper than %d levels", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

// body reads up to one of the end tags, whose name is then current; without any, up to the end of the template.
func (p *parser) body(ends ...string) []Stmt {
	p.enter()
	defer p.leave()
	var out []Stmt
	for {
		t := p.cur()
		switch t.kind {
		case kindEOF:
			if ends != nil {
				p.failf(p.here(), "unexpected end of template, looking for %v", ends)
			}
			return out
		case kindData:
			p.next++
			out = append(out, &Data{p.place(t.at), t.text})
		case kindVarBegin:
			p.next++
			at := p.here()
			out = append(out, &Print{at, p.tuple(tupleRule{})})
			p.expect(kindVarEnd)
		default: // kindBlockBegin: the lexer lets nothing else stand here
			p.next++
			if ends != nil && p.isName(ends...) {
				return out
			}
			out = append(out, p.statement())
			p.expect(kindBlockEnd)
		}
	}
}

// statements reads the body of a tag whose opening is read up to its %}.
func (p *parser) statements(ends ...string) []Stmt {
	p.skipOp(":")
	p.expect(kindBlockEnd)
	return p.body(ends...)
}

// upTo is statements with the end tag's name taken too.
func (p *parser) upTo(end string) []Stmt {
	body := p.statements(end)
	p.next++
	return body
}
