package jinja

import (
	"slices"

	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// macro is a function of the template; it sees the scope it was defined in, as that is when it runs.
type macro struct {
	s    *state
	name string
	sig  syntax.Signature
	body []syntax.Stmt
	sc   *scope
}

func (m *macro) TypeName() string { return "Macro" }

func (m *macro) String() string { return "<Macro '" + m.name + "'>" }

func (m *macro) Attr(name string) (any, bool) {
	switch name {
	case "name":
		return m.name, true
	case "arguments":
		params := py.Tuple{}
		for _, p := range m.sig.Params {
			params = append(params, p)
		}
		return params, true
	case "catch_varargs":
		return m.sig.Varargs, true
	case "catch_kwargs":
		return m.sig.Kwargs, true
	case "caller":
		return m.sig.Caller, true
	}
	return nil, false
}

// Call binds the arguments and returns what the body prints.
func (m *macro) Call(a py.Args) any {
	inner := &scope{outer: m.sc}
	m.bind(a, inner)
	var text string
	m.s.nested(func() {
		text = m.s.capture(func() { m.s.exec(m.body, inner) })
	})
	return text
}

func (m *macro) bind(a py.Args, inner *scope) {
	used := make([]bool, len(a.Names))
	params := m.sig.Params
	values := make([]any, len(params))
	for i, name := range params {
		values[i] = py.Missing
		if i < len(a.Pos) {
			values[i] = a.Pos[i]
		} else if at := slices.Index(a.Names, name); at >= 0 {
			values[i], used[at] = a.Values[at], true
		}
	}
	m.special(a, used, inner)
	for i, name := range params {
		inner.set(name, m.orDefault(i, values[i], inner))
	}
}

func (m *macro) orDefault(i int, v any, inner *scope) any {
	if v != py.Missing {
		return v
	}
	if at := i - len(m.sig.Params) + len(m.sig.Defaults); at >= 0 {
		return m.s.eval(m.sig.Defaults[at], inner)
	}
	return &py.Undefined{Msg: "parameter '" + m.sig.Params[i] + "' was not provided"}
}

// special sets caller, kwargs and varargs where the body reads them; surplus arguments it does not read are a fault.
func (m *macro) special(a py.Args, used []bool, inner *scope) {
	kwargs := &py.Dict{}
	var caller any = &py.Undefined{Msg: "No caller defined"}
	for i, name := range a.Names {
		switch {
		case used[i]:
		case name == "caller" && m.sig.Caller:
			caller = a.Values[i]
		case !m.sig.Kwargs:
			panic(py.Errorf("TypeError", "macro '%s' takes no keyword argument '%s'", m.name, name))
		default:
			kwargs.Set(name, a.Values[i])
		}
	}
	extra := a.Pos[min(len(a.Pos), len(m.sig.Params)):]
	if len(extra) > 0 && !m.sig.Varargs {
		panic(py.Errorf("TypeError", "macro '%s' takes not more than %d argument(s)", m.name, len(m.sig.Params)))
	}
	if m.sig.Caller {
		inner.set("caller", caller)
	}
	if m.sig.Kwargs {
		inner.set("kwargs", kwargs)
	}
	if m.sig.Varargs {
		inner.set("varargs", py.Tuple(extra))
	}
}

func (s *state) callBlock(st *syntax.CallBlock, sc *scope) {
	caller := &macro{s, "caller", st.Signature, st.Body, sc}
	f := s.eval(st.Call.X, sc)
	args := s.args(st.Call.Args, sc)
	args.Names = append(args.Names[:len(args.Names):len(args.Names)], "caller")
	args.Values = append(args.Values, caller)
	s.pos = st.Pos
	s.print(py.Str(s.call(f, args)))
}
