package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Judged answers that are tokens already give the blocks and the training of the texts that they were: mismatched answers too.
func TestJudgedTokensAreAsTheirTexts(t *testing.T) {
	base, err := filepath.Abs("../../pipelines/quickstart/base")
	must(t, err)
	var texts bytes.Buffer
	for i, a := range []string{"ls", "mv <a> <b>", "cat <file>", "rm <file>", "touch <path>", "pwd -L", "cd ..", "df -h", "du", "head -n 2 <file>", "tail"} {
		fmt.Fprintf(&texts, `{"prompt": "question %d, of a file", "completion": %q, "label": %v}`+"\n", i, a, i%3 == 0)
	}
	run := func(shape string, rows []byte) map[string]stage.Report {
		return through(t, "rows.jsonl", rows, fmt.Sprintf("ingest: {sources: [{files: {name: rows, path: rows.jsonl}}]}\nformat: {model: %s, shape: {%s: {rotate: 4}}, pack: {length: 96}}\n"+
			"train: {objective: kto, max_steps: 2, batch: {rows: 2}, optimizer: {lr: 1e-3}, backend: go}\n", base, shape))
	}
	want := run("kto", texts.Bytes())
	blocks := blocksOf(t, want["format"])
	labels := map[string]bool{}
	lines := map[string][]byte{}
	for _, b := range blocks {
		for _, s := range b.Segments {
			if s.Side == schemas.Mismatched {
				continue
			}
			labels[s.ID] = s.Side == schemas.Desirable
			lines[s.ID], err = json.Marshal(map[string]any{"input_ids": b.InputIDs[s.Start:s.End], "labels": b.Labels[s.Start:s.End], "label": labels[s.ID]})
			must(t, err)
		}
	}
	var tokens bytes.Buffer
	for c, err := range table.Read[schemas.Conversation](filepath.Join(want["format"].Path, "conversations.arrow")) {
		must(t, err)
		if line, ok := lines[c.ID]; ok {
			tokens.Write(append(line, '\n'))
		}
	}
	got := run("token_kto", tokens.Bytes())
	if diff := cmp.Diff(blocks, blocksOf(t, got["format"])); diff != "" {
		t.Error(diff)
	}
	histories := [2][]byte{}
	for i, r := range []map[string]stage.Report{want, got} {
		histories[i], err = os.ReadFile(filepath.Join(r["train"].Path, "history.jsonl"))
		must(t, err)
	}
	if diff := cmp.Diff(string(histories[0]), string(histories[1])); diff != "" {
		t.Error(diff)
	}
}

// A judged row that cannot be used is counted with its reason and spoils no other: not by its kind, which is the whole column's in
// a table, and not by standing alone behind a full window.
func TestBadJudgedRowsSpoilNoOther(t *testing.T) {
	base, err := filepath.Abs("../../pipelines/quickstart/base")
	must(t, err)
	for shape, lines := range map[string]struct {
		good string
		bad  []string
		want map[string]int
	}{
		"kto": {good: `{"prompt": "question %d", "completion": "ls", "label": true}`, bad: []string{
			`{"prompt": "no label", "completion": "ls"}`, `{"prompt": "which?", "completion": "ls", "label": "maybe"}`, `{"prompt": "which?", "completion": "ls", "label": 2}`,
			`{"prompt": "which?", "completion": " ", "label": false}`, `{"prompt": "which?", "label": false}`, `{"completion": "ls", "label": true}`,
		}, want: map[string]int{"bad_label": 3, "empty_answer": 2, "no_prompt": 1}},
		"token_kto": {good: `{"input_ids": [5, 6, %d], "labels": [-100, -100, %[1]d], "label": true}`, bad: []string{
			`{"input_ids": [5, 6, 7], "labels": [-100, -100, 7]}`, `{"input_ids": [5, 6.5, 7], "labels": [-100, -100, 7], "label": true}`, `{"input_ids": "5 6 7", "labels": [-100, -100, 7], "label": true}`,
			`{"input_ids": [5, "x", 7], "labels": [-100, -100, 7], "label": true}`, `{"input_ids": [5, 6, 7], "labels": [-100, -100, -100], "label": false}`,
			`{"input_ids": [5, 6, 7], "labels": [5, 6, 7], "label": false}`, `{"input_ids": [5, 6, 7], "labels": [-100, 7], "label": false}`,
		}, want: map[string]int{"bad_label": 1, "bad_tokens": 3, "empty_answer": 1, "no_prompt": 1, "bad_labels": 1}},
	} {
		var rows bytes.Buffer
		for i := range 9 {
			fmt.Fprintf(&rows, lines.good+"\n", i)
		}
		for _, line := range lines.bad {
			rows.WriteString(line + "\n")
		}
		got := through(t, "rows.jsonl", rows.Bytes(), fmt.Sprintf("ingest: {sources: [{files: {name: rows, path: rows.jsonl}}]}\nformat: {model: %s, shape: {%s: {rotate: 4}}, pack: {length: 96, window: 4}}\n"+
			"train: {objective: kto, max_steps: 1, backend: go}\n", base, shape))["format"]
		reasons := map[string]int{}
		for r, err := range table.Read[schemas.Reject](filepath.Join(got.Path, "rejects", "rows.arrow")) {
			must(t, err)
			reasons[r.Reason]++
		}
		if diff := cmp.Diff(lines.want, reasons); diff != "" || got.Rows.Kept != 9 || got.Rows.Out != 18 {
			t.Errorf("%s: %+v\n%s", shape, got.Rows, diff)
		}
	}
}

func blocksOf(t *testing.T, r stage.Report) (all []schemas.Block) {
	t.Helper()
	for b, err := range table.Read[schemas.Block](filepath.Join(r.Path, "blocks.arrow")) {
		must(t, err)
		all = append(all, b)
	}
	return all
}
