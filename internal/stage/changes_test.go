package stage_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/stage"
)

func TestChanges(t *testing.T) {
	settings := func(s string) artifact.Parts { return artifact.Parts{Settings: json.RawMessage(s)} }
	tests := []struct {
		name    string
		was, is artifact.Parts
		want    []string
	}{
		{name: "nothing", was: settings(`{"a": 1, "b": []}`), is: settings(`{"b": [], "a": 1}`)},
		{name: "a setting", was: settings(`{"optimizer": {"lr": 0.1}}`), is: settings(`{"optimizer": {"lr": 0.2}}`), want: []string{"optimizer.lr 0.1 -> 0.2"}},
		{name: "a setting of an operator", was: settings(`{"operators": [{"length": {"min": 20, "max": 9}}]}`), is: settings(`{"operators": [{"length": {"min": 30, "max": 9}}]}`),
			want: []string{"operator length.min 20 -> 30"}},
		{name: "of the second of its kind", was: settings(`{"operators": [{"match": {"p": "a"}}, {"match": {"p": "b"}}]}`), is: settings(`{"operators": [{"match": {"p": "a"}}, {"match": {"p": "c"}}]}`),
			want: []string{`operator match#2.p "b" -> "c"`}},
		{name: "an operator more", was: settings(`{"operators": [{"pii": {"mask": true}}]}`), is: settings(`{"operators": [{"pii": {"mask": true}}, {"exact": {"normalize": "full"}}]}`),
			want: []string{"operator exact added"}},
		{name: "one without settings less", was: settings(`{"operators": [{"a": {}}, {"b": {}}, {"c": {}}]}`), is: settings(`{"operators": [{"a": {}}, {"b": {}}]}`),
			want: []string{"operator c removed"}},
		{name: "the order", was: settings(`{"operators": [{"a": {}}, {"b": {}}]}`), is: settings(`{"operators": [{"b": {}}, {"a": {}}]}`),
			want: []string{"order of operators a, b -> b, a"}},
		{name: "a list of numbers", was: settings(`{"seeds": [1, 2]}`), is: settings(`{"seeds": [1]}`), want: []string{"seeds[1] removed: 2"}},
		{name: "what is not settings", was: artifact.Parts{Version: 1, Inputs: map[string]string{"ingest": "a", "b": "b"}, Files: map[string]string{"model": "a"}, Backend: "go"},
			is:   artifact.Parts{Version: 2, Inputs: map[string]string{"ingest": "b", "b": "b"}, Backend: "xla:cuda"},
			want: []string{"version 1 -> 2", "input ingest", "content of model", "backend go -> xla:cuda"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, stage.Changes(test.was, test.is)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
