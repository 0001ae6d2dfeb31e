package table

import (
	"fmt"
	"strings"
)

// Kind is the shape of a Type.
type Kind uint8

const (
	KindString Kind = iota + 1
	KindInt64
	KindInt32
	KindFloat64
	KindFloat32
	KindBool
	KindBytes
	KindTimestamp
	KindList
	KindStruct
)

var kindNames = [...]string{"", "string", "int64", "int32", "float64", "float32", "bool", "bytes", "timestamp", "list", "struct"}

func (k Kind) String() string { return kindNames[k] }

// Type is a column's type. Scalar types compare with ==, all types with Equal. The zero value is no type.
type Type struct {
	kind Kind
	in   *[]Field // list: its element; struct: its fields
}

// The scalar types.
var (
	String    = Type{kind: KindString}
	Int64     = Type{kind: KindInt64}
	Int32     = Type{kind: KindInt32}
	Float64   = Type{kind: KindFloat64}
	Float32   = Type{kind: KindFloat32}
	Bool      = Type{kind: KindBool}
	Bytes     = Type{kind: KindBytes}
	Timestamp = Type{kind: KindTimestamp} // microseconds, UTC
)

// List is a list whose elements are never null.
func List(elem Type) Type { return ListOf(Field{Type: elem}) }

// ListOf is a list whose elements may be null if the field says so; the field's name is not used.
func ListOf(elem Field) Type {
	elem.Name = "element"
	return Type{kind: KindList, in: &[]Field{elem}}
}

// Struct is a group of named fields, in this order.
func Struct(fields ...Field) Type { return Type{kind: KindStruct, in: &fields} }

// Kind is the type's shape.
func (t Type) Kind() Kind { return t.kind }

// Elem is the type of a list's elements; false for other types.
func (t Type) Elem() (Type, bool) {
	if t.kind != KindList {
		return Type{}, false
	}
	return (*t.in)[0].Type, true
}

// Fields are the fields of a struct; nil for other types.
func (t Type) Fields() []Field {
	if t.kind != KindStruct {
		return nil
	}
	return *t.in
}

// elem is a list's element with its nullability.
func (t Type) elem() Field { return (*t.in)[0] }

// Equal compares names, types and nullability all the way down.
func (t Type) Equal(o Type) bool {
	if t.kind != o.kind {
		return false
	}
	return t.in == o.in || equalFields(*t.in, *o.in)
}

func equalFields(a, b []Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Nullable != b[i].Nullable || !a[i].Type.Equal(b[i].Type) {
			return false
		}
	}
	return true
}

// String is the type as in list<struct<role string, content string?>>; ? marks what may be null.
func (t Type) String() string {
	switch t.kind {
	case KindList:
		e := t.elem()
		return "list<" + e.Type.String() + mark(e) + ">"
	case KindStruct:
		parts := make([]string, 0, len(t.Fields()))
		for _, f := range t.Fields() {
			parts = append(parts, f.Name+" "+f.Type.String()+mark(f))
		}
		return "struct<" + strings.Join(parts, ", ") + ">"
	}
	return t.kind.String()
}

func mark(f Field) string {
	if f.Nullable {
		return "?"
	}
	return ""
}

// Field is a column, or a field of a struct.
type Field struct {
	Name     string
	Type     Type
	Nullable bool
}

// Schema is a table's columns, in order, and its key-value metadata.
type Schema struct {
	Fields []Field
	Meta   map[string]string
}

// Index is the place of a column, or -1.
func (s *Schema) Index(name string) int {
	for i, f := range s.Fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// check refuses what the codecs cannot write.
func (s *Schema) check() error {
	return checkFields("", s.Fields)
}

func checkFields(path string, fields []Field) error {
	if len(fields) == 0 {
		if path == "" {
			return fmt.Errorf("a table needs at least one column")
		}
		return fmt.Errorf("column %s: a struct without fields cannot be written", strings.TrimSuffix(path, "."))
	}
	seen := map[string]bool{}
	for _, f := range fields {
		name := path + f.Name
		if f.Name == "" || seen[f.Name] {
			return fmt.Errorf("column %q: names must be unique and not empty", name)
		}
		seen[f.Name] = true
		if d := depthOfType(f.Type); d > maxDepth {
			return fmt.Errorf("column %s: nested %d deep, which must be at most %d", name, d, maxDepth)
		}
		if err := checkType(name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

func checkType(name string, t Type) error {
	switch t.kind {
	case 0:
		return fmt.Errorf("column %s has no type", name)
	case KindList:
		return checkType(name+".element", t.elem().Type)
	case KindStruct:
		return checkFields(name+".", t.Fields())
	}
	return nil
}

// depthOfType counts the lists and structs around a column's innermost values.
func depthOfType(t Type) int {
	deepest := 0
	if t.in != nil {
		for _, f := range *t.in {
			deepest = max(deepest, 1+depthOfType(f.Type))
		}
	}
	return deepest
}
