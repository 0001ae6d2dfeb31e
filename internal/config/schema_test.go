package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"fettle/internal/config"

	"github.com/google/jsonschema-go/jsonschema"
)

// TestSchema lets a validator of its own judge what Decode judges: both must agree.
func TestSchema(t *testing.T) {
	var s jsonschema.Schema
	if err := json.Unmarshal(must(config.Schema(defaults()))(t), &s); err != nil {
		t.Fatal(err)
	}
	judge, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range faulty {
		// What only Decode can know: the text of a value, rules over fields, exactness.
		if skip := []string{
			"int as float", "tag", "anchor", "merge", "refused", "duplicate", "rule", "float32", "duration too short", "size too large",
			"size of half", "float too", "not a number", "infinite", "1e400", "grouped", "octal", "zero-led", "int hex", "0b", "uint overflow", "int overflow",
		}; containsAny(c.name, skip) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			verdict := judge.Validate(generic(t, "train:\n  model: m\n  "+c.text))
			if (verdict == nil) != (c.want == "") {
				t.Errorf("%s\nschema: %v\ndecode: %s", c.text, verdict, c.want)
			}
		})
	}
	if err := judge.Validate(generic(t, strings.Replace(full, "revision: 1e10", "revision: abc", 1))); err != nil {
		t.Error(err)
	}
	if judge.Validate(map[string]any{}) == nil {
		t.Error("a missing model is fine")
	}
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// generic reads the section train as an editor does, without its struct.
func generic(t *testing.T, text string) any {
	t.Helper()
	var whole struct {
		Train any `json:"train"`
	}
	f := must(config.Parse("s.yaml", []byte("all:\n  "+strings.ReplaceAll(text, "\n", "\n  "))))(t)
	if err := f.Decode("all", &whole); err != nil {
		t.Skip(err)
	}
	data, err := json.Marshal(whole.Train)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
