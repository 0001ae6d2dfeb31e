package config

import (
	"reflect"
	"strings"
)

// field is one setting of a struct, read from its tags.
type field struct {
	name    string
	index   []int
	typ     reflect.Type
	meaning string
	check   rules
	inKey   bool
	path    string // "", "file", "dir", "model" or "adapter"
}

// fieldsOf are a struct's settings in their order, those of embedded structs in line.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, field{
			name: name, index: []int{i}, typ: f.Type, meaning: f.Tag.Get("jsonschema"),
			check: parseRules(f), inKey: f.Tag.Get("key") != "-", path: f.Tag.Get("path"),
		})
	}
	return out
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// owed says that a setting has to be given: v, its default, will not do. Text that is empty is none of its oneof, and fine.
func (f field) owed(v reflect.Value) bool {
	empty := v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
	switch {
	case f.check.required && empty && v.Kind() != reflect.Bool:
		return true
	case v.Kind() == reflect.String && empty:
		return f.check.minlen > 0
	}
	return f.check.broken(v)
}
