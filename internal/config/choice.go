package config

import (
	"encoding/json"
	"reflect"
)

// Choice is one registered operator with its settings, in YAML `length: {min: 3}` or, for its defaults, just `length`.
// Value is nil only where nothing was chosen.
type Choice[T any] struct {
	Name  string
	Value T
}

// MarshalJSON gives {"length": {...}} with defaults filled in, null where nothing is chosen.
func (c Choice[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(plain(reflect.ValueOf(c), everything))
}

// chooser is a Choice[T] of any T.
type chooser interface {
	operator() reflect.Type
	chosen() (name string, value reflect.Value)
}

func (c Choice[T]) operator() reflect.Type { return reflect.TypeFor[T]() }

func (c Choice[T]) chosen() (string, reflect.Value) { return c.Name, reflect.ValueOf(c.Value) }

var chooserType = reflect.TypeFor[chooser]()

func isChoice(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.Implements(chooserType) }

// operatorOf is the interface T of a Choice[T].
func operatorOf(choice reflect.Type) reflect.Type {
	return reflect.Zero(choice).Interface().(chooser).operator()
}
