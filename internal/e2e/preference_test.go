package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/safetensors"
	"fettle/internal/shared"
	"fettle/schemas"
)

type preferenceRun struct {
	Hyper struct {
		Base, Loss, Schedule string
		Beta, LR             float64
		Clip                 float64 `json:"max_grad_norm"`
		Steps                int
	}
	Log []struct {
		Loss     float64
		GradNorm float64 `json:"grad_norm"`
		LR       float64
		Chosen   float64 `json:"rewards_chosen"`
		Rejected float64 `json:"rewards_rejected"`
		Margin   float64 `json:"rewards_margin"`
		Accuracy float64
	}
}

// A run of TRL's DPO loss, repeated by the stages with the settings of docs/training.md, literally: its pairs as rows of tokens, its
// adapter to start from.
func TestTheStagesRepeatAPreferenceRun(t *testing.T) {
	golden := shared.Path(t, "golden/models")
	folder := filepath.Join(golden, "train", "dpo-llama3")
	var want preferenceRun
	raw, err := os.ReadFile(filepath.Join(folder, "trajectory.json"))
	must(t, err)
	must(t, json.Unmarshal(raw, &want))
	rows, each := pairRows(t, filepath.Join(folder, "golden.safetensors"))
	settings := documented(t, "shape: token_pairs\n", filepath.Join(golden, want.Hyper.Base), filepath.Join(folder, "adapter"))
	// The example's numbers are the run's.
	h := want.Hyper
	for _, said := range []string{fmt.Sprintf("{beta: %g, loss: %s}", h.Beta, h.Loss), fmt.Sprintf("rows: %d,", each), fmt.Sprintf("clip: %g}", h.Clip), "schedule: {name: " + h.Schedule + "}"} {
		if !strings.Contains(settings, said) {
			t.Errorf("the example does not say %s", said)
		}
	}
	report := through(t, "pairs.jsonl", rows, settings)["train"]
	comparePreferences(t, filepath.Join(report.Path, "history.jsonl"), want)
	compareAdapter(t, filepath.Join(report.Path, "adapters", "seed-1", "adapter_model.safetensors"), filepath.Join(folder, "final.safetensors"))
}

// pairRows writes every pair of the recorded batches, without padding, as a line of JSON; each is how many a batch has.
func pairRows(t *testing.T, path string) (rows []byte, each int) {
	t.Helper()
	f, err := safetensors.Open(path)
	must(t, err)
	defer f.Close()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for n := 0; ; n++ {
		info, ok := f.Info(fmt.Sprintf("batch%d.input_ids", n))
		if !ok {
			return out.Bytes(), each
		}
		columns := map[string][]int64{}
		for _, name := range []string{"input_ids", "attention_mask", "completion_mask"} {
			columns[name], err = f.Int64(fmt.Sprintf("batch%d.%s", n, name))
			must(t, err)
		}
		each = info.Shape[0] / 2
		width := info.Shape[1]
		for r := range each {
			row := map[string][]int64{}
			for side, at := range map[string]int{"chosen": r * width, "rejected": (each + r) * width} {
				for i := at; i < at+width; i++ {
					if columns["attention_mask"][i] == 0 {
						continue
					}
					label := int64(schemas.Untrained)
					if columns["completion_mask"][i] == 1 {
						label = columns["input_ids"][i]
					}
					row[side+"_input_ids"] = append(row[side+"_input_ids"], columns["input_ids"][i])
					row[side+"_labels"] = append(row[side+"_labels"], label)
				}
			}
			must(t, enc.Encode(row))
		}
	}
}

func comparePreferences(t *testing.T, path string, want preferenceRun) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	lines, i := bufio.NewScanner(bytes.NewReader(raw)), 0
	for ; lines.Scan(); i++ {
		if i == len(want.Log) {
			t.Fatalf("more than %d steps", i)
		}
		var got schemas.Step
		must(t, json.Unmarshal(lines.Bytes(), &got))
		w := want.Log[i]
		for name, v := range map[string][3]float64{
			"loss": {got.Loss, w.Loss, 1e-5}, "grad norm": {got.GradNorm, w.GradNorm, 1e-4 * w.GradNorm}, "lr": {got.LR, w.LR, 1e-12},
			"rewards/chosen": {*got.ChosenReward, w.Chosen, 1e-4}, "rewards/rejected": {*got.RejectedReward, w.Rejected, 1e-4},
			"rewards/margins": {*got.Margin, w.Margin, 1e-4}, "rewards/accuracies": {*got.Accuracy, w.Accuracy, 0},
		} {
			if !(math.Abs(v[0]-v[1]) <= v[2]) {
				t.Errorf("step %d: %s %v, want %v", i+1, name, v[0], v[1])
			}
		}
	}
	if i != len(want.Log) {
		t.Errorf("%d steps, want %d", i, len(want.Log))
	}
}

// compareAdapter allows ten times the reference's own noise.
func compareAdapter(t *testing.T, path, reference string) {
	t.Helper()
	got, err := safetensors.Open(path)
	must(t, err)
	defer got.Close()
	want, err := safetensors.Open(reference)
	must(t, err)
	defer want.Close()
	for _, name := range want.Names() {
		w, err := want.Float32(name)
		must(t, err)
		g, err := got.Float32(name)
		must(t, err)
		for i := range w {
			if math.Abs(float64(g[i]-w[i])) > 6.6e-5 {
				t.Errorf("%s: %v, want %v", name, g[i], w[i])
				break
			}
		}
	}
}
