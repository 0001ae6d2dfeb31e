package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON Schema (draft 2020-12) of a settings struct, with v's values as the defaults. A Choice is a oneOf
// over the registry, kept under $defs so that operators may hold operators.
func Schema(v any) ([]byte, error) { return SchemaOf(v).MarshalIndent() }

// Document is a JSON Schema that further sections can be put into.
type Document struct{ *jsonschema.Schema }

// MarshalIndent is the schema as a file: two blanks a level, a line end at the end.
func (d Document) MarshalIndent() ([]byte, error) {
	data, err := json.MarshalIndent(d.Schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return append(data, '\n'), nil
}

// SchemaOf is Schema before it is encoded. A struct whose fields are the sections' settings describes a whole file.
func SchemaOf(v any) Document {
	value := reflect.Indirect(reflect.ValueOf(v))
	b := builder{defs: map[string]*jsonschema.Schema{}}
	s := b.structure(value)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	if len(b.defs) > 0 {
		s.Defs = b.defs
	}
	return Document{s}
}

type builder struct{ defs map[string]*jsonschema.Schema }

func (b builder) structure(v reflect.Value) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Types:                []string{"object", "null"},
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: never(),
	}
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		p := b.field(value, f)
		s.Properties[f.name] = p
		s.PropertyOrder = append(s.PropertyOrder, f.name)
		if f.owed(value) || len(p.Required) > 0 && value.Kind() == reflect.Struct {
			s.Required = append(s.Required, f.name)
		}
	}
	if len(s.Required) > 0 {
		s.Types, s.Type = nil, "object"
	}
	return s
}

func never() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

// field is the schema of a setting, with its meaning and default.
func (b builder) field(v reflect.Value, f field) *jsonschema.Schema {
	s := b.typ(v, f.typ, f.check)
	s.Description = f.meaning
	if v.Kind() == reflect.Struct && !isChoice(v.Type()) || f.owed(v) || f.check.broken(v) {
		return s
	}
	if value := plain(v, everything); value != nil {
		s.Default, _ = json.Marshal(value)
	}
	return s
}

func (b builder) typ(v reflect.Value, t reflect.Type, r rules) *jsonschema.Schema {
	switch {
	case t == durationType:
		return unit(`^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$`)
	case t == sizeType:
		return unit(`^[0-9.]+ *([kMGT]|[KMGT]i)?B$|^0$`)
	case isChoice(t):
		return &jsonschema.Schema{Ref: "#/$defs/" + b.choice(operatorOf(t))}
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem := v
		if elem = v.Elem(); !elem.IsValid() {
			elem = reflect.New(t.Elem()).Elem()
		}
		return nullable(b.typ(elem, t.Elem(), r))
	case reflect.Struct:
		return b.structure(v)
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.String:
		return texts(r)
	case reflect.Slice:
		items := b.typ(reflect.Zero(t.Elem()), t.Elem(), r.element())
		return &jsonschema.Schema{Type: "array", Items: items, MinItems: limit(r.atLeast()), MaxItems: limit(r.maxlen)}
	case reflect.Map:
		values := b.typ(reflect.Zero(t.Elem()), t.Elem(), r.element())
		return &jsonschema.Schema{Type: "object", AdditionalProperties: values, MinProperties: limit(r.atLeast()), MaxProperties: limit(r.maxlen)}
	case reflect.Interface:
		return &jsonschema.Schema{}
	}
	return numbers(t, r)
}

// unit is text of a pattern, or 0, which needs no unit.
func unit(pattern string) *jsonschema.Schema {
	none := new(float64)
	return &jsonschema.Schema{Types: []string{"string", "integer"}, Pattern: pattern, Minimum: none, Maximum: none}
}

func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Type == "" {
		if len(s.Types) > 0 || s.Ref == "" && len(s.Enum) == 0 {
			return s
		}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
	}
	s.Types, s.Type = []string{s.Type, "null"}, ""
	if len(s.Enum) > 0 {
		s.Enum = append(s.Enum, nil)
	}
	return s
}

// atLeast is the shortest length that minlen and required allow.
func (r rules) atLeast() int {
	if r.required {
		return max(1, r.minlen)
	}
	return r.minlen
}

func limit(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func texts(r rules) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", MinLength: limit(r.atLeast()), MaxLength: limit(r.maxlen)}
	for _, one := range r.oneof {
		s.Enum = append(s.Enum, one)
	}
	return s
}

func numbers(t reflect.Type, r rules) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	if t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64 {
		s.Type = "number"
	}
	for _, l := range []struct {
		text string
		to   **float64
	}{{r.min, &s.Minimum}, {r.max, &s.Maximum}, {r.above, &s.ExclusiveMinimum}, {r.below, &s.ExclusiveMaximum}} {
		if l.text != "" {
			x := amount(l.text, t)
			*l.to = &x
		}
	}
	if s.Minimum == nil && s.ExclusiveMinimum == nil && reflect.Zero(t).CanUint() {
		s.Minimum = new(float64)
	}
	for _, one := range r.oneof {
		x, _ := strconv.ParseFloat(one, 64)
		s.Enum = append(s.Enum, x)
	}
	return s
}

// choice is the name of the definition of an operator's kind.
func (b builder) choice(of reflect.Type) string {
	name := of.String()
	if b.defs[name] != nil {
		return name
	}
	s := &jsonschema.Schema{}
	b.defs[name] = s // before its operators, which may hold it
	var bare []any
	for _, op := range namesOf(of) {
		value := registry[of][op].Elem()
		settings := b.structure(value)
		s.OneOf = append(s.OneOf, &jsonschema.Schema{
			Type: "object", Properties: map[string]*jsonschema.Schema{op: settings}, Required: []string{op}, AdditionalProperties: never(),
		})
		if len(settings.Required) == 0 {
			bare = append(bare, op)
		}
	}
	if len(bare) > 0 {
		s.OneOf = append(s.OneOf, &jsonschema.Schema{Description: "with its defaults", Enum: bare})
	}
	return name
}
