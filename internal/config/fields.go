package config

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Field is one leaf setting, as docs and tests list it.
type Field struct {
	Name    string // dotted: "operators[].length.min", "weights.*"
	Type    string // what it takes, in words
	Default string // JSON, "" = none
	Meaning string
	InKey   bool   // whether its value, or the content it names, enters the artifact key
	Path    string // "", "file", "dir", "model" or "adapter"
	Must    bool   // has to be given
}

// Fields lists every leaf setting of a struct in its order, operators by name. v holds the defaults.
func Fields(v any) []Field {
	l := lister{}
	l.structure(reflect.Indirect(reflect.ValueOf(v)), "", true)
	return l.out
}

type lister struct {
	out []Field
	on  []reflect.Type // operator kinds being listed: operators may hold operators
}

func (l *lister) structure(v reflect.Value, at string, inKey bool) {
	for _, f := range fieldsOf(v.Type()) {
		f.inKey = f.inKey && inKey
		l.field(v.FieldByIndex(f.index), join(at, f.name), f)
	}
}

func (l *lister) field(v reflect.Value, at string, f field) {
	t, inner := v.Type(), at
	for {
		switch {
		case isChoice(t):
			l.leaf(v, at, f)
			l.operators(operatorOf(t), inner, f.inKey)
			return
		case t.Kind() == reflect.Struct:
			if v.Type() != t {
				v = reflect.Zero(t)
			}
			l.structure(v, inner, f.inKey)
			return
		case t.Kind() == reflect.Pointer:
			if t = t.Elem(); v.Kind() == reflect.Pointer && !v.IsNil() {
				v = v.Elem()
			}
		case t.Kind() == reflect.Slice && holdsMore(t.Elem()):
			t, inner = t.Elem(), inner+"[]"
		case t.Kind() == reflect.Map && holdsMore(t.Elem()):
			t, inner = t.Elem(), inner+".*"
		default:
			l.leaf(v, at, f)
			return
		}
	}
}

func holdsMore(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func (l *lister) leaf(v reflect.Value, at string, f field) {
	one := Field{Name: at, Type: wanted(f.typ, f.check), Meaning: f.meaning, InKey: f.inKey, Path: f.path}
	one.Must = f.owed(v)
	if value := plain(v, everything); value != nil && !one.Must && !(v.IsZero() && v.Kind() != reflect.Bool && !isNumber(v)) {
		data, _ := json.Marshal(value)
		one.Default = string(data)
	}
	l.out = append(l.out, one)
}

func isNumber(v reflect.Value) bool { return v.CanInt() || v.CanUint() || v.CanFloat() }

func (l *lister) operators(of reflect.Type, at string, inKey bool) {
	if slices.Contains(l.on, of) {
		return
	}
	l.on = append(l.on, of)
	for _, name := range namesOf(of) {
		l.structure(registry[of][name].Elem(), join(at, name), inKey)
	}
	l.on = l.on[:len(l.on)-1]
}

// Docs is a Markdown table of every setting: name, what it takes, default, meaning.
func Docs(v any) string {
	var b strings.Builder
	b.WriteString("| setting | takes | default | meaning |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	for _, f := range Fields(v) {
		byDefault := ""
		switch {
		case f.Must:
			byDefault = "required"
		case f.Default != "":
			byDefault = "`" + f.Default + "`"
		}
		b.WriteString("| `" + f.Name + "` | " + cell.Replace(f.Type) + " | " + cell.Replace(byDefault) + " | " + cell.Replace(f.Meaning) + " |\n")
	}
	return b.String()
}
