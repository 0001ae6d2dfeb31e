package jinja

import (
	"strings"

	"fettle/internal/jinja/py"
)

// like gives text the type of v: Markup stays Markup.
func like(v any, text string) any {
	if _, ok := v.(py.Markup); ok {
		return py.Markup(text)
	}
	return text
}

func textFilter(name string, f func(string) string) filterFunc {
	return func(_ *state, v any, a py.Args) any {
		a.Bind(name)
		return like(v, f(py.Str(v)))
	}
}

// methodFilter calls the str method of the same name.
func methodFilter(name string) filterFunc {
	return func(s *state, v any, a py.Args) any {
		return s.call(py.Getattr(py.SoftStr(v), name), a)
	}
}

func stringFilter(_ *state, v any, a py.Args) any {
	a.Bind("string")
	return py.SoftStr(v)
}

func safeFilter(_ *state, v any, a py.Args) any {
	a.Bind("safe")
	return py.Markup(py.Str(v))
}

func escapeFilter(_ *state, v any, a py.Args) any {
	a.Bind("escape")
	if m, ok := v.(py.Markup); ok {
		return m
	}
	return py.Markup(py.Escape(py.Str(v)))
}

func forceEscapeFilter(_ *state, v any, a py.Args) any {
	a.Bind("forceescape")
	return py.Markup(py.Escape(py.Str(v)))
}

func trimFilter(_ *state, v any, a py.Args) any {
	chars := py.Or(a.Bind("trim", "chars?")[0], nil)
	return like(v, py.Strip(py.Str(v), chars, true, true))
}

func replaceFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("replace", "old", "new", "count?")
	n := int64(-1)
	if count := py.Or(b[2], nil); count != nil {
		n = py.Int(count)
	}
	return py.Replace(py.Str(v), py.Str(b[0]), py.Str(b[1]), n)
}

func centerFilter(_ *state, v any, a py.Args) any {
	width := py.Int(py.Or(a.Bind("center", "width?")[0], int64(80)))
	return like(v, py.Pad(py.Str(v), width, " ", true, true))
}

func indentFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("indent", "width?", "first?", "blank?")
	by, isText := py.Or(b[0], int64(4)).(string)
	if !isText {
		by = py.Pad("", py.Int(py.Or(b[0], int64(4))), " ", true, false)
	}
	if u, ok := v.(*py.Undefined); ok {
		u.Raise()
	}
	if !py.IsString(v) {
		panic(py.Errorf("TypeError", "can only indent a str, not %s", py.TypeName(v)))
	}
	blank := py.Truth(py.Or(b[2], false))
	lines := py.Lines(py.Str(v)+"\n", false)
	for i := range lines {
		if i > 0 && (blank || lines[i] != "") {
			lines[i] = by + lines[i]
		}
	}
	text := strings.Join(lines, "\n")
	if py.Truth(py.Or(b[1], false)) {
		text = by + text
	}
	return like(v, text)
}

// titleWords capitalises as Jinja2 does: words begin after white space, hyphens and opening brackets only.
func titleWords(s string) string {
	var b strings.Builder
	start := true
	for _, r := range s {
		switch {
		case py.IsSpace(r) || strings.ContainsRune("-({[<", r):
			b.WriteRune(r)
			start = true
			continue
		case start:
			b.WriteString(py.Upper(string(r)))
		default:
			b.WriteString(py.Lower(string(r)))
		}
		start = false
	}
	return b.String()
}

func wordcountFilter(_ *state, v any, a py.Args) any {
	a.Bind("wordcount")
	n := int64(0)
	inside := false
	for _, r := range py.Str(v) {
		word := r == '_' || py.IsAlnum(r)
		if word && !inside {
			n++
		}
		inside = word
	}
	return n
}

func truncateFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("truncate", "length?", "killwords?", "end?", "leeway?")
	length, end := py.Int(py.Or(b[0], int64(255))), py.Str(py.Or(b[2], "..."))
	leeway := py.Int(py.Or(b[3], int64(5)))
	tail := py.Len(end)
	if length < tail || leeway < 0 {
		panic(py.Errorf("AssertionError", "expected length >= %d, got %d", tail, length))
	}
	if py.Len(v) <= length+leeway {
		return v
	}
	if !py.IsString(v) {
		panic(py.Errorf("AttributeError", "'%s' object has no attribute 'rsplit'", py.TypeName(v)))
	}
	s := py.Slice(py.Str(v), nil, length-tail, nil).(string)
	if !py.Truth(py.Or(b[1], false)) {
		if i := strings.LastIndexByte(s, ' '); i >= 0 {
			s = s[:i]
		}
	}
	return like(v, s+end)
}

func formatFilter(_ *state, v any, a py.Args) any {
	if len(a.Pos) > 0 && len(a.Names) > 0 {
		panic(py.Errorf("FilterArgumentError", "can't handle positional and keyword arguments at the same time"))
	}
	var args any = py.Tuple(a.Pos)
	if len(a.Names) > 0 {
		d := &py.Dict{}
		for i, name := range a.Names {
			d.Set(name, a.Values[i])
		}
		args = d
	}
	return like(v, py.Percent(py.Str(v), args))
}

func joinFilter(s *state, v any, a py.Args) any {
	b := a.Bind("join", "d?", "attribute?")
	items := py.Iterate(v)
	key := s.keyOf(py.Or(b[1], nil), true)
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = py.Str(key(item))
	}
	return strings.Join(parts, py.Str(py.Or(b[0], "")))
}
