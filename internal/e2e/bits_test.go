package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A budget of bits keeps some matrices in 16 bits and tells what that brings, on the rows trained and on those kept out.
func TestABudgetOfBitsThroughTheStages(t *testing.T) {
	base, err := filepath.Abs("../../pipelines/quickstart/base")
	must(t, err)
	rows := `{"prompt": "list files", "completion": "ls"}
{"prompt": "copy a file", "completion": "cp <a> <b>"}
{"prompt": "move a file", "completion": "mv <a> <b>"}
{"prompt": "print a file", "completion": "cat <file>"}
{"prompt": "remove a file", "completion": "rm <file>"}
`
	settings := `ingest: {sources: [{files: {name: rows, path: rows.jsonl}}]}
format: {model: ` + base + `, shape: {alpaca: {prompt: prompt, response: completion}}, pack: {length: 32}}
train: {quant: {load: nf4, bits: 8}, eval: {share: 0.3, every: 1}, max_steps: 1, batch: {rows: 2}, backend: go}
`
	report := through(t, "rows.jsonl", []byte(rows), settings)["train"]
	raw, err := os.ReadFile(filepath.Join(report.Path, "quant.json"))
	must(t, err)
	var chosen struct {
		Bits    float64
		Kept    []string
		Losses  map[string]float64
		Held    map[string]float64 `json:"held_losses"`
		Modules []json.RawMessage
	}
	must(t, json.Unmarshal(raw, &chosen))
	if n := len(chosen.Kept); n == 0 || n >= len(chosen.Modules) || chosen.Bits > 8 {
		t.Errorf("%d of %d matrices stay in 16 bits, %.2f bits a weight", n, len(chosen.Modules), chosen.Bits)
	}
	for _, losses := range []map[string]float64{chosen.Losses, chosen.Held} {
		if len(losses) != 3 || losses["plain"] <= 0 || losses["nf4"] == losses["plain"] || losses["chosen"] == losses["nf4"] {
			t.Errorf("losses %v", losses)
		}
	}
}
