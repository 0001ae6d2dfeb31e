package cli

import (
	"context"
	"fmt"
	"os"
	"reflect"

	"fettle/internal/config"
)

func (a *App) schema(_ context.Context, args []string) int {
	fs := a.flags("schema", "[-o FILE]\n\nPrints the JSON Schema of a stages.yaml. An editor finds it by the first line\n  # yaml-language-server: $schema=../../schemas/stages.schema.json")
	out := fs.String("o", "", "write to this file")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	raw, err := config.Schema(a.sections())
	if err != nil {
		return a.fail("schema", err)
	}
	if *out == "" {
		fmt.Fprintf(a.Stdout, "%s", raw)
		return 0
	}
	if err := os.WriteFile(*out, raw, 0o644); err != nil {
		return a.fail("schema", err)
	}
	return 0
}

// sections is a pointer to a struct with one field for each stage's settings: the type of a whole stages.yaml. Sections that
// a pipeline does not use may be absent, so every field is a pointer.
func (a *App) sections() any {
	var fields []reflect.StructField
	for _, s := range a.Stages {
		t := reflect.TypeOf(s.Sample())
		fields = append(fields, reflect.StructField{Name: "Section" + s.Title(), Type: t,
			Tag: reflect.StructTag(fmt.Sprintf(`json:"%s" jsonschema:"settings of the stage %s"`, s.Title(), s.Title()))})
	}
	v := reflect.New(reflect.StructOf(fields))
	for i, s := range a.Stages {
		v.Elem().Field(i).Set(reflect.ValueOf(s.Sample()))
	}
	return v.Interface()
}
