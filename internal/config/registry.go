package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// registry holds the defaults of every operator by its interface and name.
var registry = map[reflect.Type]map[string]reflect.Value{}

// Register makes an operator known to Choice[T]. T is an interface, defaults a pointer to a struct: its settings with
// their defaults. A second registration of a name panics.
func Register[T any](name string, defaults T) {
	of, v := reflect.TypeFor[T](), reflect.ValueOf(defaults)
	if of.Kind() != reflect.Interface || v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("register %s %s: want an interface and a pointer to a struct, got %T", of, name, defaults))
	}
	if registry[of] == nil {
		registry[of] = map[string]reflect.Value{}
	}
	if _, twice := registry[of][name]; twice {
		panic(fmt.Sprintf("register %s %s: registered twice", of, name))
	}
	registry[of][name] = clone(v)
}

// Names are the registered names, sorted.
func Names[T any]() []string { return namesOf(reflect.TypeFor[T]()) }

// New is a fresh copy of an operator's defaults.
func New[T any](name string) (T, bool) {
	v, ok := registry[reflect.TypeFor[T]()][name]
	if !ok {
		var none T
		return none, false
	}
	return clone(v).Interface().(T), true
}

func namesOf(of reflect.Type) []string { return slices.Sorted(maps.Keys(registry[of])) }

// clone copies deeply what settings are made of; unexported fields are copied as they are.
func clone(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return out
		}
		if v.Kind() == reflect.Interface {
			out.Set(clone(v.Elem()))
			return out
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(clone(v.Elem()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(clone(v.Field(i)))
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(clone(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
			for _, k := range v.MapKeys() {
				out.SetMapIndex(k, clone(v.MapIndex(k)))
			}
		}
	}
	return out
}
