package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Decode fills dst, a pointer to a struct that holds the defaults, from a section. A list or map that is given replaces
// the default one. The error is *Faults with everything that is wrong in the section; dst is then half filled.
func (f *File) Decode(section string, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("decode %s: want a pointer to a struct, got %T", section, dst))
	}
	e := f.root.get(section)
	if e == nil {
		return &Faults{List: []Fault{{File: f.path, Line: 1, Col: 1, Setting: section, Want: "missing section", Hint: Nearest(section, f.Sections())}}}
	}
	d := &decoder{file: f.path}
	d.value(e.value, v.Elem(), spot{section, e.line, e.col}, field{typ: v.Elem().Type()})
	return d.faults.err()
}

type decoder struct {
	file   string
	faults Faults
}

// spot is where a setting stands: its name, and the place of its key.
type spot struct {
	name      string
	line, col int
}

func (s spot) in(name string, line, col int) spot { return spot{join(s.name, name), line, col} }

// wrong records a fault of a value, told with what was written.
func (d *decoder) wrong(n *node, at spot, want, hint string) {
	one := Fault{File: d.file, Line: n.line, Col: n.col, Setting: at.name, Got: show(n), Want: "want " + want, Hint: hint}
	if n.kind == nullNode || n.kind == mapNode {
		one.Line, one.Col = at.line, at.col
	}
	d.faults.add(one)
}

func (d *decoder) tell(at spot, text, hint string) {
	d.faults.add(Fault{File: d.file, Line: at.line, Col: at.col, Setting: at.name, Want: text, Hint: hint})
}

func show(n *node) string {
	switch {
	case n.kind == nullNode:
		return "nothing"
	case n.kind == listNode:
		return "a list of " + itoa(len(n.items))
	case n.kind == mapNode:
		return "settings"
	case n.kind == refusedNode:
		return ""
	case n.quoted || n.text == "" || strings.ContainsAny(n.text, "\n,"):
		return quote(n.text)
	}
	return strings.Trim(quote(n.text), `"`)
}

func (d *decoder) value(n *node, dst reflect.Value, at spot, f field) {
	switch {
	case n.kind == refusedNode:
		d.wrong(n, at, n.text, "")
	case isChoice(dst.Type()):
		d.choice(n, dst, at)
	case dst.Kind() == reflect.Pointer:
		d.pointer(n, dst, at, f)
	case dst.Kind() == reflect.Struct:
		d.structure(n, dst, at)
	case dst.Kind() == reflect.Slice:
		d.slice(n, dst, at, f)
	case dst.Kind() == reflect.Map:
		d.mapping(n, dst, at, f)
	case dst.Kind() == reflect.Interface:
		d.free(n, dst, at)
	default:
		d.scalar(n, dst, at, f)
	}
}

func (d *decoder) pointer(n *node, dst reflect.Value, at spot, f field) {
	if n.kind == nullNode {
		dst.SetZero()
		if f.check.required {
			d.wrong(n, at, wanted(dst.Type(), f.check), "")
		}
		return
	}
	to := reflect.New(dst.Type().Elem())
	if !dst.IsNil() {
		to.Elem().Set(clone(dst.Elem()))
	}
	dst.Set(to)
	d.value(n, to.Elem(), at, f)
}

func (d *decoder) slice(n *node, dst reflect.Value, at spot, f field) {
	if n.kind != listNode {
		want := wanted(dst.Type(), f.check)
		switch n.kind {
		case nullNode:
			want += " ([] for none)"
		case scalarNode:
			want += ": write [" + n.text + "]"
		}
		d.wrong(n, at, want, "")
		return
	}
	elem := field{typ: dst.Type().Elem(), check: f.check.element()}
	out := reflect.MakeSlice(dst.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.value(item, out.Index(i), spot{at.name + "[" + itoa(i) + "]", item.line, item.col}, elem)
	}
	dst.Set(out)
	if f.check.broken(dst) || f.check.required && dst.Len() == 0 {
		d.wrong(n, at, wanted(dst.Type(), f.check), "")
	}
}

func (d *decoder) mapping(n *node, dst reflect.Value, at spot, f field) {
	if n.kind != mapNode {
		want := wanted(dst.Type(), f.check)
		if n.kind == nullNode {
			want += " ({} for none)"
		}
		d.wrong(n, at, want, "")
		return
	}
	elem := field{typ: dst.Type().Elem(), check: f.check.element()}
	out := reflect.MakeMap(dst.Type())
	for _, e := range n.entries {
		here := at.in(e.key, e.line, e.col)
		if e.bad != "" {
			d.tell(here, "want "+e.bad, "")
			continue
		}
		v := reflect.New(elem.typ).Elem()
		d.value(e.value, v, here, elem)
		out.SetMapIndex(reflect.ValueOf(e.key).Convert(dst.Type().Key()), v)
	}
	dst.Set(out)
	if f.check.broken(dst) || f.check.required && dst.Len() == 0 {
		d.wrong(n, at, wanted(dst.Type(), f.check), "")
	}
}

// free takes any value, but for what is refused everywhere.
func (d *decoder) free(n *node, dst reflect.Value, at spot) {
	before := len(d.faults.List)
	d.refused(n, at)
	if v := anyValue(n); len(d.faults.List) == before && v != nil {
		dst.Set(reflect.ValueOf(v))
	} else {
		dst.SetZero()
	}
}

func (d *decoder) refused(n *node, at spot) {
	if n.kind == refusedNode {
		d.wrong(n, at, n.text, "")
	}
	for i, item := range n.items {
		d.refused(item, spot{at.name + "[" + itoa(i) + "]", item.line, item.col})
	}
	for _, e := range n.entries {
		here := at.in(e.key, e.line, e.col)
		if e.bad != "" {
			d.tell(here, "want "+e.bad, "")
		}
		d.refused(e.value, here)
	}
}

func (d *decoder) scalar(n *node, dst reflect.Value, at spot, f field) {
	want := wanted(dst.Type(), f.check)
	if n.kind == nullNode {
		d.wrong(n, at, want+", or no line for the default", "")
		return
	}
	if n.kind != scalarNode {
		d.wrong(n, at, want, "")
		return
	}
	v := reflect.New(dst.Type()).Elem()
	if teach, ok := parseScalar(n, v); !ok {
		d.wrong(n, at, want+teach, "")
		return
	}
	if f.check.broken(v) {
		d.wrong(n, at, want, Nearest(n.text, f.check.oneof))
		return
	}
	if f.check.required && v.Kind() == reflect.String && v.Len() == 0 {
		d.wrong(n, at, "text that is not empty", "")
		return
	}
	dst.Set(v)
}
