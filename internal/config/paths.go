package config

import (
	"maps"
	"reflect"
	"slices"
)

// PathSetting is a setting that names a file or a directory.
type PathSetting struct {
	Name  string // dotted, without the section: "sources[0].jsonl.path"
	Kind  string // "file", "dir", "model" or "adapter"
	Value string // as written
}

// Paths are the path settings that are set and whose content enters the key (so none below key:"-"), in the order of the
// struct; maps by key.
func Paths(v any) []PathSetting {
	var out []PathSetting
	walkPaths(reflect.ValueOf(v), "", field{}, &out)
	return out
}

func walkPaths(v reflect.Value, at string, f field, out *[]PathSetting) {
	if !v.IsValid() {
		return
	}
	if isChoice(v.Type()) {
		name, value := v.Interface().(chooser).chosen()
		walkPaths(value, join(at, name), field{}, out)
		return
	}
	switch v.Kind() {
	case reflect.String:
		if f.path != "" && v.String() != "" {
			*out = append(*out, PathSetting{at, f.path, v.String()})
		}
	case reflect.Pointer, reflect.Interface:
		walkPaths(v.Elem(), at, f, out)
	case reflect.Struct:
		for _, inner := range fieldsOf(v.Type()) {
			if inner.inKey {
				walkPaths(v.FieldByIndex(inner.index), join(at, inner.name), inner, out)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkPaths(v.Index(i), at+"["+itoa(i)+"]", f, out)
		}
	case reflect.Map:
		for _, k := range slices.Sorted(maps.Keys(stringKeys(v))) {
			walkPaths(v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())), join(at, k), f, out)
		}
	}
}

func stringKeys(v reflect.Value) map[string]bool {
	keys := map[string]bool{}
	for _, k := range v.MapKeys() {
		keys[k.String()] = true
	}
	return keys
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
