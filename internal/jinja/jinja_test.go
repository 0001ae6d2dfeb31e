package jinja_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/jinja"
	"fettle/internal/jinja/py"
)

// frozen is what testdata/oracle.py lets strftime_now see.
var frozen = time.Date(2025, 3, 9, 4, 5, 6, 0, time.UTC)

type oracleCase struct {
	Template string
	Text     *string
	Error    string
	Message  string
}

func oracleCases(t testing.TB) (vars *py.Dict, cases []oracleCase) {
	data, err := os.ReadFile("testdata/vars.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := py.FromJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("testdata/want.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for scan := bufio.NewScanner(file); scan.Scan(); {
		var c oracleCase
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return v.(*py.Dict), cases
}

// TestOracle compares with what Jinja2 3.1.6 made of the same templates (testdata/oracle.py).
func TestOracle(t *testing.T) {
	vars, cases := oracleCases(t)
	for _, c := range cases {
		got, err := render(c.Template, vars)
		if c.Text == nil {
			if err == nil {
				t.Errorf("%q: printed %q, want %s: %s", c.Template, got.Text, c.Error, c.Message)
			} else if fault, ok := errors.AsType[*jinja.Error](err); !ok || !sameClass(c.Error, fault.Class) {
				t.Errorf("%q: %v, want %s: %s", c.Template, err, c.Error, c.Message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v, want %q", c.Template, err, *c.Text)
		} else if diff := cmp.Diff(*c.Text, got.Text); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", c.Template, diff)
		}
	}
}

// sameClass: faults that Python's compiler finds are syntax errors here, unknown names of filters are found when used.
func sameClass(want, got string) bool {
	switch want {
	case "SyntaxError":
		return got == "TemplateSyntaxError"
	case "TemplateAssertionError":
		return got == "TemplateRuntimeError" || got == "TemplateSyntaxError"
	}
	return got == want
}

func render(text string, vars *py.Dict) (jinja.Result, error) {
	tmpl, err := jinja.Parse("case", text)
	if err != nil {
		return jinja.Result{}, err
	}
	return tmpl.Render(vars, jinja.Options{Now: frozen})
}
