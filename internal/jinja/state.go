package jinja

import (
	"strings"

	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// state is one rendering.
type state struct {
	Options
	vars     *py.Dict
	out      *strings.Builder
	captures int // buffers open over the template's own output
	spans    []Span
	unplaced bool

	pos     syntax.Pos // of what is being evaluated, for errors
	steps   int
	printed int
	built   int
	calls   int
}

// scope is a set of variables over an outer one. Reading goes outwards; set writes the innermost.
type scope struct {
	names  []string
	values []any
	outer  *scope
}

func (sc *scope) set(name string, v any) {
	for i, n := range sc.names {
		if n == name {
			sc.values[i] = v
			return
		}
	}
	sc.names, sc.values = append(sc.names, name), append(sc.values, v)
}

func (s *state) lookup(sc *scope, name string) any {
	for ; sc != nil; sc = sc.outer {
		for i, n := range sc.names {
			if n == name {
				return sc.values[i]
			}
		}
	}
	if v, ok := s.vars.Get(name); ok {
		return v
	}
	if v, ok := s.global(name); ok {
		return v
	}
	return &py.Undefined{Msg: "'" + name + "' is undefined"}
}

func (s *state) step(at syntax.Pos) {
	s.pos = at
	if s.steps++; s.steps > s.MaxSteps {
		panic(py.Errorf("LimitError", "the template takes more than %d steps", s.MaxSteps))
	}
}

// charge counts steps for an operation that walks over all of v.
func (s *state) charge(v any) {
	switch v := v.(type) {
	case string:
		s.steps += len(v) / 256
	case py.Markup:
		s.steps += len(v) / 256
	case py.List:
		s.steps += len(v) / 16
	case py.Range:
		s.steps += int(v.Len() / 16)
	}
}

func (s *state) print(text string) {
	if s.printed += len(text); s.printed > s.MaxOutput {
		panic(py.Errorf("LimitError", "the template prints more than %d bytes", s.MaxOutput))
	}
	s.out.WriteString(text)
}

// made counts what an operation built against the limit and returns it.
func (s *state) made(v any) any {
	switch v := v.(type) {
	case string:
		s.built += len(v)
	case py.Markup:
		s.built += len(v)
	case py.List:
		s.built += 16 * len(v)
	}
	if s.built > maxBuilt {
		panic(py.Errorf("LimitError", "the template builds more than %d bytes of values", maxBuilt))
	}
	return v
}

// nested runs f one call deeper.
func (s *state) nested(f func()) {
	if s.calls++; s.calls > maxCalls {
		panic(py.Errorf("RecursionError", "calls nested deeper than %d", maxCalls))
	}
	f()
	s.calls--
}

// capture returns what f prints.
func (s *state) capture(f func()) string {
	outer := s.out
	s.out = &strings.Builder{}
	s.captures++
	f()
	text := s.out.String()
	s.out = outer
	s.captures--
	return text
}
