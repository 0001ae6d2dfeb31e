package e2e_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fettle/internal/safetensors"
	"fettle/internal/shared"
	"fettle/schemas"
)

// Runs of transformers and PEFT, repeated by the stages with the settings of docs/training.md, literally: their batches as rows of
// tokens, their adapters to start from.
func TestTheStagesRepeatReferenceRuns(t *testing.T) {
	golden := shared.Path(t, "golden/models")
	for _, c := range []struct{ family, run string }{{"llama3", "llama3-plain"}, {"qwen2", "qwen2-dora"}, {"phi3", "phi3-plain"}} {
		t.Run(c.run, func(t *testing.T) {
			settings := documented(t, "shape: tokens\n", filepath.Join(golden, "families", c.family), filepath.Join(golden, "lora", c.run, "adapter"))
			rows := tokenRows(t, filepath.Join(golden, "lora", "batches-"+c.family+".safetensors"))
			report := through(t, "rows.jsonl", rows, settings)["train"]
			compareHistory(t, filepath.Join(report.Path, "history.jsonl"), filepath.Join(golden, "lora", c.run, "trajectory-linear.json"))
		})
	}
}

// documented is the example of docs/training.md that holds a text, with real paths.
func documented(t *testing.T, holds, model, adapter string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/training.md")
	must(t, err)
	for _, m := range regexp.MustCompile("(?s)```yaml\n(ingest:.*?)```").FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(m[1], holds) {
			return strings.NewReplacer("path/to/model", model, "path/to/adapter", adapter).Replace(m[1]) + "  backend: go\n"
		}
	}
	t.Fatalf("no example of docs/training.md holds %q", holds)
	return ""
}

// tokenRows writes every row of the recorded batches, without its padding, as a line of JSON.
func tokenRows(t *testing.T, path string) []byte {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Info("input_ids")
	columns := map[string][]int64{}
	for _, name := range []string{"input_ids", "labels", "attention_mask"} {
		if columns[name], err = f.Int64(name); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	width := info.Shape[2]
	for at := 0; at < len(columns["input_ids"]); at += width {
		row := map[string][]int64{}
		for i := at; i < at+width; i++ {
			if columns["attention_mask"][i] == 1 {
				row["input_ids"] = append(row["input_ids"], columns["input_ids"][i])
				row["labels"] = append(row["labels"], columns["labels"][i])
			}
		}
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func compareHistory(t *testing.T, path, reference string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Log []struct {
			Loss     float64 `json:"loss"`
			GradNorm float64 `json:"grad_norm"`
			LR       float64 `json:"lr"`
		} `json:"log"`
	}
	ref, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ref, &want); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != len(want.Log) {
		t.Fatalf("%d steps, want %d", len(lines), len(want.Log))
	}
	for i, line := range lines {
		var got schemas.Step
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		w := want.Log[i]
		if math.Abs(got.Loss-w.Loss) > 2.1e-5 || math.Abs(got.GradNorm-w.GradNorm) > 1e-4*w.GradNorm+2.3e-4 || math.Abs(got.LR-w.LR) > 1e-12 {
			t.Errorf("step %d: %+v, want %+v", i+1, got, w)
		}
	}
}
