package jinja

import (
	"fettle/internal/jinja/py"
)

// global looks up the functions that every template has.
func (s *state) global(name string) (any, bool) {
	var do func(a py.Args) any
	switch name {
	case "raise_exception":
		do = raiseException
	case "strftime_now":
		do = s.strftimeNow
	case "namespace":
		do = newNamespace
	case "range":
		do = newRange
	case "dict":
		do = newDict
	case "cycler":
		do = newCycler
	case "joiner":
		do = newJoiner
	case "lipsum":
		do = func(py.Args) any { panic(py.Errorf("LimitError", "lipsum makes random text: it is not supported")) }
	default:
		return nil, false
	}
	return &py.Func{Name: name, Do: do}, true
}

func raiseException(a py.Args) any {
	panic(py.Errorf("TemplateError", "%s", py.Str(a.Bind("raise_exception", "message")[0])))
}

func (s *state) strftimeNow(a py.Args) any {
	format := py.String(a.Bind("strftime_now", "format")[0])
	if s.Now.IsZero() {
		panic(py.Errorf("LimitError", "the template reads the clock: pin its date in the settings"))
	}
	return py.Strftime(s.Now, format)
}

// maxRange is the sandbox's MAX_RANGE.
const maxRange = 100_000

func newRange(a py.Args) any {
	b := a.Bind("range", "start", "stop?", "step?")
	if len(a.Names) > 0 || len(a.Pos) == 0 {
		panic(py.Errorf("TypeError", "range expected 1 to 3 positional arguments"))
	}
	r := py.Range{Stop: py.Int(b[0]), Step: 1}
	if len(a.Pos) > 1 {
		r.Start, r.Stop = r.Stop, py.Int(b[1])
	}
	if len(a.Pos) > 2 {
		r.Step = py.Int(b[2])
	}
	if r.Step == 0 {
		panic(py.Errorf("ValueError", "range() arg 3 must not be zero"))
	}
	if n := r.Len(); n > maxRange || n < 0 {
		panic(py.Errorf("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange))
	}
	return r
}

func newDict(a py.Args) any {
	d := &py.Dict{}
	if len(a.Pos) > 1 {
		panic(py.Errorf("TypeError", "dict expected at most 1 argument, got %d", len(a.Pos)))
	}
	if len(a.Pos) == 1 {
		fillDict(d, a.Pos[0])
	}
	for i, name := range a.Names {
		d.Set(name, a.Values[i])
	}
	return d
}

func fillDict(d *py.Dict, from any) {
	if src, ok := from.(*py.Dict); ok {
		for i := range src.Len() {
			d.Set(src.At(i))
		}
		return
	}
	for i, item := range py.Iterate(from) {
		pair := py.Iterate(item)
		if len(pair) != 2 {
			panic(py.Errorf("ValueError", "dictionary update sequence element #%d has length %d; 2 is required", i, len(pair)))
		}
		d.Set(pair[0], pair[1])
	}
}

// namespace is the one value a template can change: {% set ns.x = 1 %}.
type namespace struct{ attrs *py.Dict }

func newNamespace(a py.Args) any { return &namespace{newDict(a).(*py.Dict)} }

func (n *namespace) TypeName() string { return "Namespace" }

func (n *namespace) String() string { return "<Namespace " + py.Repr(n.attrs) + ">" }

func (n *namespace) Attr(name string) (any, bool) { return n.attrs.Get(name) }

// cycler gives its items in turn.
type cycler struct {
	items []any
	pos   int
}

func newCycler(a py.Args) any {
	if len(a.Pos) == 0 {
		panic(py.Errorf("RuntimeError", "at least one item has to be provided"))
	}
	return &cycler{items: a.Pos}
}

func (c *cycler) TypeName() string { return "Cycler" }

func (c *cycler) Attr(name string) (any, bool) {
	switch name {
	case "current":
		return c.items[c.pos], true
	case "next":
		return &py.Func{Name: name, Do: func(a py.Args) any {
			a.Bind("next")
			v := c.items[c.pos]
			c.pos = (c.pos + 1) % len(c.items)
			return v
		}}, true
	case "reset":
		return &py.Func{Name: name, Do: func(a py.Args) any { a.Bind("reset"); c.pos = 0; return nil }}, true
	}
	return nil, false
}

func newJoiner(a py.Args) any {
	sep := py.Or(a.Bind("joiner", "sep?")[0], ", ")
	used := false
	return &py.Func{Name: "joiner", Do: func(a py.Args) any {
		if !used {
			used = true
			return ""
		}
		return sep
	}}
}
