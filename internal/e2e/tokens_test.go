package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// A row with a token that the model does not have is rejected where rows are, with its place; it stops no training of the others.
func TestRowsOfForeignTokens(t *testing.T) {
	p := newProject(t)
	pair := func(good, bad string) string {
		return `{"chosen_input_ids":[5,6,` + good + `],"chosen_labels":[-100,-100,` + good + `],"rejected_input_ids":[5,6,` + bad + `],"rejected_labels":[-100,-100,` + bad + "]}\n"
	}
	must(t, os.WriteFile(filepath.Join(p.root, "rows.jsonl"), []byte(pair("7", "8")+pair("9", "400")+pair("-4", "9")+pair("10", "399")), 0o644))
	must(t, os.WriteFile(filepath.Join(p.root, miniStages), []byte(`ingest:
  sources:
    - files: {name: pairs, path: rows.jsonl}
format:
  model: model
  shape: token_pairs
train:
  objective: dpo
  max_steps: 1
  backend: go
`), 0o644))
	p.stage("ingest")
	r := p.stage("format")
	if diff := cmp.Diff(stage.Rows{In: 4, Kept: 2, Rejected: 2, Out: 4}, r.Rows); diff != "" {
		t.Error(diff)
	}
	var rejected []schemas.Reject
	for row, err := range table.Read[schemas.Reject](filepath.Join(r.Path, "rejects", "rows.arrow")) {
		must(t, err)
		rejected = append(rejected, schemas.Reject{Line: row.Line, Reason: row.Reason, Detail: row.Detail})
	}
	want := []schemas.Reject{{Line: 2, Reason: "bad_tokens", Detail: "token 400: the model's vocabulary has 400"}, {Line: 3, Reason: "bad_tokens", Detail: "token -4: the model's vocabulary has 400"}}
	if diff := cmp.Diff(want, rejected); diff != "" {
		t.Error(diff)
	}
	p.stage("train")
}
