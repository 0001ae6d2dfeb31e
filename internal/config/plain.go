package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
)

func everything(field) bool { return true }

func keyed(f field) bool { return f.inKey && f.path == "" }

// plain turns settings into what JSON can hold, as a user would write them; keep picks the fields.
func plain(v reflect.Value, keep func(field) bool) any {
	switch {
	case !v.IsValid():
		return nil
	case v.Type() == durationType:
		return v.Interface().(time.Duration).String()
	case v.Type() == sizeType:
		return v.Interface().(Size).String()
	case isChoice(v.Type()):
		name, value := v.Interface().(chooser).chosen()
		if !value.IsValid() {
			return nil
		}
		return map[string]any{name: plain(value, keep)}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plain(v.Elem(), keep)
	case reflect.Struct:
		out := map[string]any{}
		for _, f := range fieldsOf(v.Type()) {
			if keep(f) {
				out[f.name] = plain(v.FieldByIndex(f.index), keep)
			}
		}
		return out
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i), keep)
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			out[it.Key().String()] = plain(it.Value(), keep)
		}
		return out
	}
	return v.Interface()
}

// Canonical is the JSON of settings that enters a key: sorted keys, defaults filled in, no white space, without fields
// tagged key:"-" and without paths. Nil lists and maps are empty ones; durations and sizes are strings.
func Canonical(v any) ([]byte, error) { return encode(v, keyed) }

// JSON is Canonical with every field: what a run's record shows.
func JSON(v any) ([]byte, error) { return encode(v, everything) }

func encode(v any, keep func(field) bool) ([]byte, error) {
	data, err := json.Marshal(plain(reflect.ValueOf(v), keep))
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return data, nil
}
