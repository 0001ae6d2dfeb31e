package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// structure fills a struct: nothing below a name means its defaults.
func (d *decoder) structure(n *node, dst reflect.Value, at spot) {
	if n.kind != mapNode && n.kind != nullNode {
		d.wrong(n, at, wanted(dst.Type(), rules{}), "")
		return
	}
	fields := fieldsOf(dst.Type())
	given := map[string]bool{}
	for _, e := range n.entries {
		here := at.in(e.key, e.line, e.col)
		f := find(fields, e.key)
		switch {
		case e.bad != "":
			d.tell(here, "want "+e.bad, "")
		case f == nil:
			d.unknown(here, e.key, fields)
		default:
			given[f.name] = true
			d.value(e.value, dst.FieldByIndex(f.index), here, *f)
		}
	}
	for _, f := range fields {
		if !given[f.name] {
			d.unset(dst.FieldByIndex(f.index), at.in(f.name, at.line, at.col), f)
		}
	}
	d.hooks(n, dst, at)
}

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func (d *decoder) unknown(at spot, key string, fields []field) {
	names := fieldNames(fields)
	hint := Nearest(key, names)
	if hint == "" {
		hint = deeper(key, fields, 3)
	}
	text := "unknown setting"
	if hint == "" && len(names) > 0 {
		text += ", want one of " + list(names)
	} else if len(names) == 0 {
		text += ", there is none to set"
	}
	d.tell(at, text, hint)
}

// deeper finds a setting of that very name further inside: lr is optimizer.lr.
func deeper(key string, fields []field, depth int) string {
	for _, f := range fields {
		t := f.typ
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || isChoice(t) || depth == 0 {
			continue
		}
		inner := fieldsOf(t)
		if find(inner, key) != nil {
			return f.name + "." + key
		}
		if path := deeper(key, inner, depth-1); path != "" {
			return f.name + "." + path
		}
	}
	return ""
}

// unset judges a setting that the file leaves out: its default must do.
func (d *decoder) unset(v reflect.Value, at spot, f field) {
	nothing := &node{kind: mapNode, line: at.line, col: at.col}
	switch {
	case f.owed(v):
		missing := "missing, want " + wanted(f.typ, f.check)
		if f.meaning != "" {
			missing += " (" + f.meaning + ")"
		}
		d.tell(at, missing, "")
	case isChoice(v.Type()):
		if name, value := v.Interface().(chooser).chosen(); value.IsValid() {
			d.operator(nothing, value, v, at.in(name, at.line, at.col))
		}
	case v.Kind() == reflect.Struct:
		d.structure(nothing, v, at)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		d.unset(v.Elem(), at, f)
	}
}

// Checker is settings with rules over several fields. It is called even where fields are faulty, so that all faults
// come at once; a fault it tells of such a field is left out. Field is dotted, relative to the struct: "exam.new[1]".
type Checker interface {
	Check(fault func(field, want string))
}

// hooks calls Check of a struct and of those embedded in it (a promoted method tells the same fault twice: once shown).
func (d *decoder) hooks(n *node, dst reflect.Value, at spot) {
	for i := range dst.NumField() {
		if f := dst.Type().Field(i); f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			d.hooks(n, dst.Field(i), at)
		}
	}
	if !dst.CanAddr() || !dst.Addr().CanInterface() {
		return
	}
	c, ok := dst.Addr().Interface().(Checker)
	if !ok {
		return
	}
	var told []Fault
	c.Check(func(name, want string) { told = append(told, d.cross(n, at, name, want)) })
	told = slices.DeleteFunc(told, func(one Fault) bool { return d.faulty(one.Setting, at.name) })
	d.faults.List = append(d.faults.List, told...)
}

func (d *decoder) cross(n *node, at spot, name, want string) Fault {
	one := Fault{File: d.file, Line: at.line, Col: at.col, Setting: join(at.name, name), Want: "want " + want}
	if name == "" {
		one.Setting = at.name
		return one
	}
	for _, step := range steps(name) {
		var next *node
		if e := n.get(step); e != nil {
			next, one.Line, one.Col = e.value, e.line, e.col
		} else if i, ok := index(step); ok && i < len(n.items) {
			next = n.items[i]
			one.Line, one.Col = next.line, next.col
		}
		if next == nil {
			return one
		}
		n = next
	}
	if n.kind == scalarNode {
		one.Line, one.Col, one.Got = n.line, n.col, show(n)
	}
	return one
}

// faulty says whether a setting, something in it or something it is in (below the struct) is already faulty.
func (d *decoder) faulty(name, structure string) bool {
	for _, f := range d.faults.List {
		if f.Setting == name && name != structure || within(f.Setting, name) && name != structure ||
			within(name, f.Setting) && f.Setting != structure && within(f.Setting, structure) {
			return true
		}
	}
	return false
}

func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '[')
}

// steps splits "exam.new[1]" into exam, new, 1.
func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func index(step string) (int, bool) {
	var i int
	if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i < 0 || itoa(i) != step {
		return 0, false
	}
	return i, true
}

// choice fills a Choice[T]: a name, or a name with its settings.
func (d *decoder) choice(n *node, dst reflect.Value, at spot) {
	names := namesOf(operatorOf(dst.Type()))
	name, settings, here := n.text, &node{line: n.line, col: n.col}, spot{at.name, n.line, n.col}
	switch {
	case n.kind == scalarNode:
	case n.kind == mapNode && len(n.entries) == 1 && n.entries[0].bad == "":
		e := n.entries[0]
		name, settings, here.line, here.col = e.key, e.value, e.line, e.col
	case n.kind == mapNode && len(n.entries) > 1:
		d.choiceOfMany(n, at, names)
		return
	default:
		d.wrong(n, at, oneOf(names), "")
		return
	}
	value, ok := registry[operatorOf(dst.Type())][name]
	if !ok {
		hint := Nearest(name, names)
		text := "unknown name " + quote(name)
		if hint == "" {
			text += ", want " + oneOf(names)
		}
		d.tell(here, text, hint)
		return
	}
	dst.FieldByName("Name").SetString(name)
	here.name = join(at.name, name)
	d.operator(settings, clone(value), dst, here)
}

// choiceOfMany is mostly an operator whose settings are not indented below it.
func (d *decoder) choiceOfMany(n *node, at spot, names []string) {
	first, second := n.entries[0], n.entries[1]
	text := "want one name, with its settings below it"
	if slices.Contains(names, first.key) && first.value.kind == nullNode {
		text = "want one name: indent the settings below " + first.key + " further than it"
	}
	d.tell(spot{at.name, second.line, second.col}, text, "")
}

func (d *decoder) operator(n *node, value, dst reflect.Value, at spot) {
	dst.FieldByName("Value").Set(value)
	d.value(n, value.Elem(), at, field{typ: value.Elem().Type()})
}
