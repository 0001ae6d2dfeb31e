package dagu_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/dagu"
)

func parse(t *testing.T, text string) ([]dagu.Step, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo.yaml")
	write(t, path, text, 0o644)
	return dagu.ParseLocal(path)
}

func TestParseLocal(t *testing.T) {
	got, err := parse(t, `# a comment
schedule: "0 3 * * 1"
type: graph
workingDir: ..
params:
  - CONFIG: pipelines/demo/stages.yaml
handlerOn:
  exit: {command: "fettle record ${DAG_RUN_ID}"}
steps:
  - name: clean
    command: fettle clean -config "${CONFIG}" -in ingest=${INGEST.artifact}
    depends: ingest
    output: CLEAN
    retryPolicy: {limit: 2, intervalSec: 10, exitCode: [1]}
    timeoutSec: 3600
  - name: ingest
    command: >-
      fettle ingest
      -config '${CONFIG}' ""
    output: INGEST
  - {name: eval, command: fettle eval, depends: [clean, ingest]}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []dagu.Step{
		{Name: "ingest", Stage: "ingest", Args: []string{"-config", "${CONFIG}", ""}, Output: "INGEST"},
		{Name: "clean", Stage: "clean", Args: []string{"-config", "${CONFIG}", "-in", "ingest=${INGEST.artifact}"}, Depends: []string{"ingest"}, Output: "CLEAN"},
		{Name: "eval", Stage: "eval", Depends: []string{"clean", "ingest"}},
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(s []string) string { return fmt.Sprintf("%q", s) })); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestParseLocalRefuses(t *testing.T) {
	steps := func(s string) string { return "steps:\n  - name: a\n    " + s + "\n" }
	tests := []struct{ name, text, want string }{
		{"another step key", steps("command: fettle clean\n    preconditions: x"), `demo.yaml:4:5: step key "preconditions" means nothing`},
		{"another key", "env:\n  - A: b\n" + steps("command: fettle clean"), `demo.yaml:1:1: key "env" means nothing`},
		{"another program", steps("command: python x.py"), `demo.yaml:3:14: command "python x.py": -local runs only`},
		{"a pipe", steps("command: fettle clean | cat"), `'|' is shell`},
		{"a substitution", steps("command: fettle clean `date`"), "is shell"},
		{"a bare variable", steps("command: fettle clean $CONFIG"), "write ${NAME}"},
		{"an open quote", steps(`command: fettle clean "a`), "quote is not closed"},
		{"no command", steps("output: A"), "step a: no command"},
		{"no name", "steps:\n  - command: fettle clean\n", "no name"},
		{"an unknown step before", steps("command: fettle clean\n    depends: [b]"), "which is no step"},
		{"a circle", steps("command: fettle clean\n    depends: [b]\n  - name: b\n    command: fettle eval\n    depends: [a]"), "wait for one another"},
		{"no list", "steps: 3\n", "demo.yaml:1:8: steps: want a list"},
		{"no steps", "type: graph\n", "no steps"},
		{"an empty file", "", "demo.yaml"},
		{"a second DAG", steps("command: fettle clean") + "---\nname: b\n", "further DAGs"},
		{"no mapping", "- a\n", "want a mapping"},
		{"no YAML", "steps: [\n", "demo.yaml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parse(t, test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestFill(t *testing.T) {
	lookup := func(name, path string) (string, error) {
		if name == "NONE" {
			return "", fmt.Errorf("no such output")
		}
		return name + ":" + path, nil
	}
	got, err := dagu.Step{Args: []string{"-config", "${CONFIG}", "-in", "a=${A.rows.in},${B.x}", "$A"}}.Fill(lookup)
	if diff := cmp.Diff([]string{"-config", "CONFIG:", "-in", "a=A:rows.in,B:x", "$A"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := (dagu.Step{Name: "s", Args: []string{"${NONE.x}"}}).Fill(lookup); err == nil || err.Error() != "step s: ${NONE.x}: no such output" {
		t.Errorf("error %v", err)
	}
}
