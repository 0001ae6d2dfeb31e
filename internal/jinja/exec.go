package jinja

import (
	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// signal says how a body ended.
type signal int

const (
	fellThrough signal = iota
	broke
	continued
)

// exec runs statements in a scope.
func (s *state) exec(body []syntax.Stmt, sc *scope) signal {
	for _, st := range body {
		if sig := s.statement(st, sc); sig != fellThrough {
			return sig
		}
	}
	return fellThrough
}

func (s *state) statement(st syntax.Stmt, sc *scope) signal {
	s.step(st.At())
	switch st := st.(type) {
	case *syntax.Data:
		s.print(st.Text)
	case *syntax.Print:
		v := s.eval(st.X, sc)
		s.pos = st.Pos
		s.print(py.Str(v))
	case *syntax.If:
		return s.ifStatement(st, sc)
	case *syntax.For:
		s.forStatement(st, sc)
	case *syntax.Set:
		v := s.eval(st.Value, sc)
		s.assign(st.Target, v, sc)
	case *syntax.SetBlock:
		s.setBlock(st, sc)
	case *syntax.Macro:
		sc.set(st.Name, &macro{s, st.Name, st.Signature, st.Body, sc})
	case *syntax.CallBlock:
		s.callBlock(st, sc)
	case *syntax.FilterBlock:
		s.print(py.Str(s.throughFilters(st.Filter, s.captureBody(st.Body, sc), sc)))
	case *syntax.With:
		return s.with(st, sc)
	case *syntax.Block:
		s.exec(st.Body, &scope{outer: sc})
	case *syntax.Generation:
		s.generation(st, sc)
	case *syntax.Break:
		return broke
	case *syntax.Continue:
		return continued
	}
	return fellThrough
}

func (s *state) ifStatement(st *syntax.If, sc *scope) signal {
	for i, cond := range st.Conds {
		if py.Truth(s.eval(cond, sc)) {
			return s.exec(st.Bodies[i], sc)
		}
	}
	return s.exec(st.Else, sc)
}

func (s *state) captureBody(body []syntax.Stmt, sc *scope) string {
	return s.capture(func() { s.exec(body, &scope{outer: sc}) })
}

func (s *state) setBlock(st *syntax.SetBlock, sc *scope) {
	var v any = s.captureBody(st.Body, sc)
	if st.Filter != nil {
		v = s.throughFilters(st.Filter, v, sc)
	}
	s.assign(st.Target, v, sc)
}

// throughFilters applies a chain of filters whose innermost value is v.
func (s *state) throughFilters(e syntax.Expr, v any, sc *scope) any {
	f := e.(*syntax.Filter)
	if f.X != nil {
		v = s.throughFilters(f.X, v, sc)
	}
	return s.filter(f, v, sc)
}

func (s *state) assign(target syntax.Expr, v any, sc *scope) {
	s.pos = target.At()
	switch t := target.(type) {
	case *syntax.Name:
		sc.set(t.Name, v)
	case *syntax.NSRef:
		ns, ok := s.lookup(sc, t.Name).(*namespace)
		if !ok {
			panic(py.Errorf("TemplateRuntimeError", "cannot assign attribute on non-namespace object"))
		}
		ns.attrs.Set(t.Attr, v)
	case *syntax.Tuple:
		s.unpack(t.Items, v, sc)
	case *syntax.List:
		s.unpack(t.Items, v, sc)
	}
}

func (s *state) unpack(targets []syntax.Expr, v any, sc *scope) {
	items, ok := py.Items(v)
	switch {
	case !ok:
		panic(py.Errorf("TypeError", "cannot unpack non-iterable %s object", py.TypeName(v)))
	case len(items) < len(targets):
		panic(py.Errorf("ValueError", "not enough values to unpack (expected %d, got %d)", len(targets), len(items)))
	case len(items) > len(targets):
		panic(py.Errorf("ValueError", "too many values to unpack (expected %d)", len(targets)))
	}
	for i, t := range targets {
		s.assign(t, items[i], sc)
	}
}

func (s *state) with(st *syntax.With, sc *scope) signal {
	inner := &scope{outer: sc}
	values := s.all(st.Values, sc) // a value does not see the variables before it
	for i, t := range st.Targets {
		s.assign(t, values[i], inner)
	}
	return s.exec(st.Body, inner)
}

// generation runs the block in a scope of its own (it is a call block in transformers) and notes where its text lies.
func (s *state) generation(st *syntax.Generation, sc *scope) {
	start := s.out.Len()
	s.exec(st.Body, &scope{outer: sc})
	if s.captures > 0 {
		s.unplaced = true
		return
	}
	s.spans = append(s.spans, Span{start, s.out.Len()})
}
