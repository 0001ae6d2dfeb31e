package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"

	"fettle/internal/cli"
)

// schema is what `fettle schema` prints.
func schema(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	a := app()
	a.Stdout = &out
	if code := (&cli.App{Stages: a.Stages, Stdout: &out, Stderr: os.Stderr}).Main([]string{"schema"}); code != 0 {
		t.Fatalf("fettle schema: exit %d", code)
	}
	return out.Bytes()
}

func TestCommittedSchemaIsCurrent(t *testing.T) {
	committed, err := os.ReadFile("../../schemas/stages.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, schema(t)) {
		t.Error("schemas/stages.schema.json is not what `fettle schema` prints: run make generate")
	}
}

// The tables of settings in the guide are what `fettle list STAGE` prints.
func TestCommittedSettingsAreCurrent(t *testing.T) {
	for _, s := range app().Stages {
		name := s.Title()
		committed, err := os.ReadFile("../../docs/guide/settings-" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if code := (&cli.App{Stages: app().Stages, Stdout: &out, Stderr: os.Stderr}).Main([]string{"list", name}); code != 0 {
			t.Fatalf("fettle list %s: exit %d", name, code)
		}
		if out.Len() < 100 || !bytes.HasSuffix(committed, out.Bytes()) {
			t.Errorf("docs/guide/settings-%s.md is not what `fettle list %s` prints: run make generate", name, name)
		}
	}
}

// The YAML library takes 1e-4 for a string (YAML 1.1); editors, and fettle, take it for the number that it is in YAML 1.2.
var exponent = regexp.MustCompile(`"([0-9.]+e[-+]?[0-9]+)"`)

// The schema that editors use takes the pipelines of this repository, and finds a typo.
func TestSchemaValidatesPipelines(t *testing.T) {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema(t), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(v)
		raw = exponent.ReplaceAll(raw, []byte("$1"))
		if err != nil {
			t.Fatal(err)
		}
		v = nil
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return resolved.Validate(v)
	}
	files, err := filepath.Glob("../../pipelines/*/stages.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v %v", files, err)
	}
	for _, file := range append(files, "../e2e/mini/testdata/pipelines/mini/stages.yaml") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(string(raw)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if !strings.HasPrefix(string(raw), "# yaml-language-server: $schema=../../schemas/stages.schema.json\n") {
			t.Errorf("%s has no modeline: editors find the schema by it", file)
		}
	}
	for _, bad := range []string{
		"clean: {colums: [text]}", "clean: {columns: text}", "trian: {}", "train: {epochs: 0}", "train: {epochs: many}", "train: {mode: loro}",
		"clean: {columns: [text], operators: [{lenght: {min: 3}}]}", "clean: {columns: [text], operators: [{length: {mn: 3}}]}",
		"ingest: {sources: [{markdown: {name: x}}]}",
	} {
		if validate(bad) == nil {
			t.Errorf("the schema takes %s", bad)
		}
	}
}
