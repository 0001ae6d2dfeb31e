package jinja

import (
	"strings"

	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// eval computes an expression; faults panic with *py.Error, s.pos says where.
func (s *state) eval(e syntax.Expr, sc *scope) any {
	s.step(e.At())
	switch e := e.(type) {
	case *syntax.Const:
		return e.Value
	case *syntax.Name:
		return s.lookup(sc, e.Name)
	case *syntax.Getattr:
		x := s.eval(e.X, sc)
		s.pos = e.Pos
		s.charge(x) // for a method that will be called
		return py.Getattr(x, e.Name)
	case *syntax.Getitem:
		return s.getitem(e, sc)
	case *syntax.Call:
		f := s.eval(e.X, sc)
		args := s.args(e.Args, sc)
		s.pos = e.Pos
		return s.made(s.call(f, args))
	case *syntax.Filter:
		return s.filter(e, s.eval(e.X, sc), sc)
	case *syntax.Test:
		x := s.eval(e.X, sc)
		args := s.args(e.Args, sc)
		s.pos = e.Pos
		return s.test(e.Name, x, args)
	case *syntax.Unary:
		return s.unary(e, sc)
	case *syntax.Binary:
		x, y := s.eval(e.X, sc), s.eval(e.Y, sc)
		s.pos = e.Pos
		return s.made(py.Binary(e.Op, x, y))
	case *syntax.Logic:
		x := s.eval(e.X, sc)
		if py.Truth(x) == (e.Op == "or") {
			return x
		}
		return s.eval(e.Y, sc)
	case *syntax.Compare:
		return s.compare(e, sc)
	case *syntax.Concat:
		return s.concat(e, sc)
	case *syntax.Cond:
		return s.cond(e, sc)
	}
	return s.display(e, sc)
}

// display computes the literals of containers.
func (s *state) display(e syntax.Expr, sc *scope) any {
	switch e := e.(type) {
	case *syntax.List:
		return py.List(s.all(e.Items, sc))
	case *syntax.Tuple:
		return py.Tuple(s.all(e.Items, sc))
	case *syntax.Dict:
		d := &py.Dict{}
		for i := range e.Keys {
			k, v := s.eval(e.Keys[i], sc), s.eval(e.Values[i], sc)
			s.pos = e.Keys[i].At()
			d.Set(k, v)
		}
		return d
	}
	panic("jinja: expression of unknown kind")
}

func (s *state) all(items []syntax.Expr, sc *scope) []any {
	out := make([]any, len(items))
	for i, e := range items {
		out[i] = s.eval(e, sc)
	}
	return out
}

func (s *state) getitem(e *syntax.Getitem, sc *scope) any {
	x := s.eval(e.X, sc)
	key, ok := e.Key.(*syntax.Slice)
	if !ok {
		k := s.eval(e.Key, sc)
		s.pos = e.Pos
		return py.Getitem(x, k)
	}
	var bounds [3]any
	for i, b := range []syntax.Expr{key.Start, key.Stop, key.Step} {
		if b != nil {
			bounds[i] = s.eval(b, sc)
		}
	}
	s.pos = e.Pos
	return s.made(py.Slice(x, bounds[0], bounds[1], bounds[2]))
}

func (s *state) unary(e *syntax.Unary, sc *scope) any {
	x := s.eval(e.X, sc)
	if e.Op == "not" {
		return !py.Truth(x)
	}
	s.pos = e.Pos
	return py.Unary(e.Op, x)
}

func (s *state) compare(e *syntax.Compare, sc *scope) any {
	x := s.eval(e.X, sc)
	for i, op := range e.Ops {
		y := s.eval(e.Args[i], sc)
		s.pos = e.Args[i].At()
		s.charge(y)
		if !holds(op, x, y) {
			return false
		}
		x = y
	}
	return true
}

func holds(op string, x, y any) bool {
	switch op {
	case "==":
		return py.Equal(x, y)
	case "!=":
		return !py.Equal(x, y)
	case "in":
		return py.Contains(y, x)
	case "not in":
		return !py.Contains(y, x)
	}
	return py.Compare(op, x, y)
}

func (s *state) concat(e *syntax.Concat, sc *scope) any {
	var b strings.Builder
	for _, x := range e.Items {
		v := s.eval(x, sc)
		s.pos = x.At()
		b.WriteString(py.Str(v))
	}
	return s.made(b.String())
}

func (s *state) cond(e *syntax.Cond, sc *scope) any {
	switch {
	case py.Truth(s.eval(e.If, sc)):
		return s.eval(e.Then, sc)
	case e.Else != nil:
		return s.eval(e.Else, sc)
	}
	return &py.Undefined{Msg: "the inline if-expression evaluated to false and no else section was defined."}
}

func (s *state) args(a syntax.Args, sc *scope) py.Args {
	out := py.Args{Pos: s.all(a.Pos, sc), Names: a.Names, Values: s.all(a.Values, sc)}
	if a.Star != nil {
		out.Pos = append(out.Pos, py.Iterate(s.eval(a.Star, sc))...)
	}
	if a.DoubleStar != nil {
		d, ok := s.eval(a.DoubleStar, sc).(*py.Dict)
		if !ok {
			panic(py.Errorf("TypeError", "argument after ** must be a mapping"))
		}
		out.Names = append([]string{}, a.Names...)
		for i := range d.Len() {
			k, v := d.At(i)
			out.Names, out.Values = append(out.Names, py.String(k)), append(out.Values, v)
		}
	}
	return out
}

func (s *state) call(f any, a py.Args) any {
	switch f := f.(type) {
	case *py.Undefined:
		f.Raise()
	case py.Callable:
		return f.Call(a)
	}
	panic(py.Errorf("TypeError", "'%s' object is not callable", py.TypeName(f)))
}

func (s *state) filter(e *syntax.Filter, v any, sc *scope) any {
	args := s.args(e.Args, sc)
	s.pos = e.Pos
	return s.made(s.applyFilter(e.Name, v, args))
}

func (s *state) applyFilter(name string, v any, a py.Args) any {
	s.charge(v)
	f, ok := filters[name]
	if !ok {
		panic(py.Errorf("TemplateRuntimeError", "No filter named '%s'.", name))
	}
	return f(s, v, a)
}

func (s *state) test(name string, v any, a py.Args) bool {
	f, ok := tests[name]
	if !ok {
		panic(py.Errorf("TemplateRuntimeError", "No test named '%s'.", name))
	}
	return f(v, a)
}
