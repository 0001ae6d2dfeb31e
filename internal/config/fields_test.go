package config_test

import (
	"strings"
	"testing"

	"fettle/internal/config"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	var names, out []string
	for _, f := range config.Fields(defaults()) {
		names = append(names, f.Name)
		if !f.InKey {
			out = append(out, f.Name)
		}
	}
	want := strings.Fields(`max_dropped model revision packed steps optimizer.name optimizer.lr optimizer.betas
		exam.seed exam.items exam.langs operators operators[].any.of operators[].dedupe.column operators[].dedupe.stop
		operators[].length.min operators[].length.max weights max_time memory template`)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"max_time", "memory"}, out); diff != "" {
		t.Error(diff)
	}
}

func TestDocs(t *testing.T) {
	got := config.Docs(defaults())
	for _, row := range []string{
		"| setting | takes | default | meaning |",
		"| `optimizer.lr` | a number above 0, at most 1 | `0.0002` | learning rate |",
		"| `max_time` | a duration of at least 1s, such as 90s or 1h30m | `\"1h0m0s\"` | checkpoint and stop after |",
		"| `model` | the path of a directory | required | model directory |",
		"| `packed` | true or false | `false` | several rows a block |",
		"| `operators` | a list of any, dedupe, length |  | applied in this order |",
		"| `operators[].length.min` | a whole number of at least 0 | `20` | shortest text kept, in runes |",
	} {
		if !strings.Contains(got, row+"\n") {
			t.Errorf("no row %s in\n%s", row, got)
		}
	}
}
