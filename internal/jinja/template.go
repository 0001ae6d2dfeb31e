package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// Template is a parsed template; it is never changed and may render in several goroutines at once.
type Template struct {
	name string
	body []syntax.Stmt
}

// Options bound and pin a rendering; zero limits stand for the defaults.
type Options struct {
	Now       time.Time // what strftime_now sees; zero = a template that asks for the date fails
	MaxSteps  int       // statements and expressions evaluated
	MaxOutput int       // bytes printed, captured text included
}

const (
	defaultSteps  = 20_000_000
	defaultOutput = 64 << 20
	maxBuilt      = 1 << 30 // bytes of all strings that operators and filters make
	maxCalls      = 200     // nesting of macros and recursive loops
)

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// Result is a rendering.
type Result struct {
	Text       string
	Generation []Span // of the {% generation %} blocks, in order
	Unplaced   bool   // such a block printed into a macro or variable: where its text went is not known
}

// Error is a fault of the template, in its text or while it runs.
type Error struct {
	Template  string
	Line, Col int
	Class     string // TemplateSyntaxError, TemplateError (raise_exception), TypeError, UndefinedError, LimitError ...
	Msg       string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.Template, e.Line, e.Col, e.Class, e.Msg)
}

// Parse reads a template; name appears in errors.
func Parse(name, text string) (*Template, error) {
	body, err := syntax.Parse(text)
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		return nil, &Error{name, fault.Line, fault.Col, "TemplateSyntaxError", fault.Msg}
	}
	return &Template{name, body}, err
}

// Render runs the template with the variables.
func (t *Template) Render(vars *py.Dict, o Options) (res Result, err error) {
	if o.MaxSteps == 0 {
		o.MaxSteps = defaultSteps
	}
	if o.MaxOutput == 0 {
		o.MaxOutput = defaultOutput
	}
	s := &state{Options: o, out: &strings.Builder{}, vars: vars}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *py.Error:
			res, err = Result{}, &Error{t.name, s.pos.Line, s.pos.Col, r.Class, r.Msg}
		default:
			panic(r)
		}
	}()
	s.exec(t.body, &scope{})
	return Result{s.out.String(), s.spans, s.unplaced}, nil
}
