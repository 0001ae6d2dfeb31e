package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/schemas"
)

// Every objective on rows as people have them, through the stages, on the bundled base: its template, its tokens.
func TestObjectivesThroughTheStages(t *testing.T) {
	base, err := filepath.Abs("../../pipelines/quickstart/base")
	must(t, err)
	pairs := `{"chosen": "\n\nHuman: list files\n\nAssistant: ls", "rejected": "\n\nHuman: list files\n\nAssistant: rm -rf <path>"}
{"chosen": "\n\nHuman: copy a file\n\nAssistant: cp <a> <b>", "rejected": "\n\nHuman: copy a file\n\nAssistant: mv <a> <b>"}
{"chosen": "\n\nHuman: print a file\n\nAssistant: cat <file>", "rejected": "\n\nHuman: print a file\n\nAssistant: cat <file>"}
`
	judged := `{"prompt": "list files", "completion": "ls", "label": true}
{"prompt": "copy a file", "completion": "mv <a> <b>", "label": false}
{"prompt": "print a file", "completion": "cat <file>", "label": true}
`
	tests := []struct {
		name, shape, rows, objective string
		kept, rejected               int64
		first                        float64 // loss, 0 = any
		figures                      []string
	}{
		{"dpo", "preference", pairs, "dpo", 2, 1, math.Ln2, []string{"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected"}},
		{"orpo", "preference", pairs, "orpo: {nll: all}", 2, 1, 0, []string{"rewards/accuracies", "nll_loss", "log_odds_chosen"}},
		{"kto", "kto", judged, "kto", 3, 0, 0.5, []string{"rewards/chosen", "rewards/rejected", "rewards/margins", "kl"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			settings := fmt.Sprintf("ingest: {sources: [{files: {name: rows, path: rows.jsonl}}]}\nformat: {model: %s, shape: %s, pack: {length: 64}}\n"+
				"train: {objective: {%s}, epochs: 4, batch: {rows: 2}, optimizer: {lr: 1e-3}, schedule: {name: constant}, backend: go}\n", base, tc.shape, strings.Replace(tc.objective+": {}", "}: {}", "}", 1))
			reports := through(t, "rows.jsonl", []byte(tc.rows), settings)
			if r := reports["format"].Rows; r.Kept != tc.kept || r.Rejected != tc.rejected || r.Out != 2*tc.kept {
				t.Errorf("rows of format: %+v, want %d kept, %d rejected, two conversations of each", r, tc.kept, tc.rejected)
			}
			raw, err := os.ReadFile(filepath.Join(reports["train"].Path, "history.jsonl"))
			must(t, err)
			lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
			var first, last schemas.Step
			must(t, json.Unmarshal(lines[0], &first))
			must(t, json.Unmarshal(lines[len(lines)-1], &last))
			if tc.first != 0 && math.Abs(first.Loss-tc.first) > 1e-7 {
				t.Errorf("first loss %v, want %v", first.Loss, tc.first)
			}
			if last.Loss >= first.Loss || *last.Margin <= *first.Margin {
				t.Errorf("from loss %v, margin %v to %v, %v", first.Loss, *first.Margin, last.Loss, *last.Margin)
			}
			for _, name := range tc.figures {
				if !bytes.Contains(lines[0], []byte(`"`+name+`"`)) {
					t.Errorf("no %s in %s", name, lines[0])
				}
			}
		})
	}
}
