package table

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// SchemaOf is the schema of a struct: its json tags name the columns, embedded structs without a tag are flattened, fields
// tagged "-" and unexported ones are left out. Pointers and time.Time are nullable (the zero time is null), nothing else.
// A type that no table holds (maps, interfaces, uint64) is a bug and panics.
func SchemaOf[T any]() *Schema {
	var fields []Field
	for _, m := range members(reflect.TypeFor[T]()) {
		fields = append(fields, m.Field)
	}
	return &Schema{Fields: fields}
}

// member is a struct field that is a column.
type member struct {
	Field
	index []int
	typ   reflect.Type
}

var timeType = reflect.TypeFor[time.Time]()

func members(t reflect.Type) []member {
	if t.Kind() != reflect.Struct || t == timeType {
		panic(fmt.Sprintf("table: %s is no struct", t))
	}
	var out []member
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			for _, m := range members(f.Type) {
				m.index = append([]int{i}, m.index...)
				out = append(out, m)
			}
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		field := fieldOf(f.Type)
		field.Name = name
		out = append(out, member{field, []int{i}, f.Type})
	}
	return out
}

// fieldOf is the column of a Go type, without a name.
func fieldOf(t reflect.Type) Field {
	if t == timeType {
		return Field{Type: Timestamp, Nullable: true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		f := fieldOf(t.Elem())
		f.Nullable = true
		return f
	case reflect.String:
		return Field{Type: String}
	case reflect.Bool:
		return Field{Type: Bool}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16:
		return Field{Type: Int32}
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return Field{Type: Int64}
	case reflect.Float32:
		return Field{Type: Float32}
	case reflect.Float64:
		return Field{Type: Float64}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return Field{Type: Bytes}
		}
		return Field{Type: ListOf(fieldOf(t.Elem()))}
	case reflect.Struct:
		var fields []Field
		for _, m := range members(t) {
			fields = append(fields, m.Field)
		}
		return Field{Type: Struct(fields...)}
	}
	panic(fmt.Sprintf("table: no column type for %s", t))
}
