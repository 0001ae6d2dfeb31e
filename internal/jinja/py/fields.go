package py

import (
	"strconv"
	"strings"
)

// formatMethod is str.format within the sandbox: fields by position or name, their attributes and items, !r and !s, specs.
func formatMethod(s string, a Args) any {
	names := &Dict{}
	for i, n := range a.Names {
		names.Set(n, a.Values[i])
	}
	f := fields{pos: a.Pos, names: names}
	return f.expand(s, 2)
}

func formatMap(s string, a Args) any {
	d, ok := a.Bind("format_map", "mapping")[0].(*Dict)
	if !ok {
		panic(typeErrorf("format_map needs a mapping"))
	}
	f := fields{names: d}
	return f.expand(s, 2)
}

type fields struct {
	pos    []any
	names  *Dict
	auto   int
	manual bool
}

// expand replaces the fields of s; a spec may hold fields again, one level deep.
func (f *fields) expand(s string, depth int) string {
	if depth == 0 {
		panic(Errorf("ValueError", "Max string recursion exceeded"))
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		brace := s[i]
		s = s[i+1:]
		if s != "" && s[0] == brace {
			b.WriteByte(brace)
			s = s[1:]
			continue
		}
		if brace == '}' {
			panic(Errorf("ValueError", "Single '}' encountered in format string"))
		}
		end := closing(s)
		b.WriteString(f.field(s[:end], depth))
		s = s[end+1:]
		limit(int64(b.Len()), MaxBytes)
	}
	return b.String()
}

// closing finds the } that ends a field.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	panic(Errorf("ValueError", "expected '}' before end of string"))
}

func (f *fields) field(text string, depth int) string {
	name, format, _ := strings.Cut(text, ":")
	name, conversion, converted := strings.Cut(name, "!")
	v := f.value(name)
	switch {
	case !converted:
	case conversion == "r":
		v = Repr(v)
	case conversion == "s":
		v = Str(v)
	default:
		panic(Errorf("ValueError", "Unknown conversion specifier '%s'", conversion))
	}
	if format != "" {
		format = f.expand(format, depth-1)
	}
	return Format(v, format)
}

func (f *fields) value(path string) any {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	v := f.first(path[:end], end == len(path))
	for path = path[end:]; path != ""; {
		if path[0] == '[' {
			key, rest, ok := strings.Cut(path[1:], "]")
			if !ok {
				panic(Errorf("ValueError", "Missing ']' in format string"))
			}
			v, path = Getitem(v, fieldKey(key)), rest
		} else {
			next := strings.IndexAny(path[1:], ".[") + 1
			if next == 0 {
				next = len(path)
			}
			v, path = Getattr(v, path[1:next]), path[next:]
		}
	}
	return v
}

func fieldKey(key string) any {
	if n, err := strconv.ParseInt(key, 10, 64); err == nil {
		return n
	}
	return key
}

// first is the argument that a field names; whole = nothing follows the name, which only then may be left out.
func (f *fields) first(name string, whole bool) any {
	n, err := strconv.Atoi(name)
	switch {
	case name == "" && whole && f.manual || err == nil && f.auto > 0:
		panic(Errorf("ValueError", "cannot switch between manual field specification and automatic field numbering"))
	case name == "" && whole:
		n = f.auto
		f.auto++
	case err == nil:
		f.manual = true
	default:
		v, ok := f.names.Get(name)
		if !ok {
			panic(Errorf("KeyError", "%s", quote(name)))
		}
		return v
	}
	if n >= len(f.pos) || n < 0 {
		panic(Errorf("IndexError", "Replacement index %d out of range for positional args tuple", n))
	}
	return f.pos[n]
}
