package cli_test

import (
	"encoding/json"
	"math"
	"path/filepath"
	"testing"

	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

func TestLogits(t *testing.T) {
	golden := shared.Path(t, "golden/models")
	tests := []struct{ name, model, adapter, golden, batch string }{
		{name: "model", model: "families/qwen2", golden: "families/qwen2/golden.safetensors"},
		{name: "adapter", model: "families/qwen2", adapter: "lora/qwen2-plain/adapter", golden: "lora/qwen2-plain/golden.safetensors"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := safetensors.Open(filepath.Join(golden, test.golden))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, _ := f.Info("logits")
			seq, vocab := info.Shape[1], info.Shape[2]
			ids, err := f.Int64("input_ids")
			if err != nil {
				t.Fatal(err)
			}
			mask, err := f.Int64("attention_mask")
			if err != nil {
				t.Fatal(err)
			}
			want, err := f.Float32("logits")
			if err != nil {
				t.Fatal(err)
			}
			var lines []byte
			var lengths []int
			for row := range len(ids) / seq {
				n := 0
				for n < seq && mask[row*seq+n] != 0 {
					n++
				}
				raw, err := json.Marshal(map[string][]int64{"input_ids": ids[row*seq : row*seq+n]})
				if err != nil {
					t.Fatal(err)
				}
				lines, lengths = append(append(lines, raw...), '\n'), append(lengths, n)
			}
			out := filepath.Join(t.TempDir(), "logits.safetensors")
			args := []string{"logits", "-model", filepath.Join(golden, test.model), "-in", write(t, "ids.jsonl", string(lines)), "-out", out, "-backend", "go"}
			if test.adapter != "" {
				args = append(args, "-adapter", filepath.Join(golden, test.adapter))
			}
			if code, _, stderr := fettle(t, args...); code != 0 {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			got, err := safetensors.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			for row, n := range lengths {
				values, err := got.Float32("logits." + string(rune('0'+row)))
				if err != nil {
					t.Fatal(err)
				}
				if len(values) != n*vocab {
					t.Fatalf("row %d: %d values, want %d", row, len(values), n*vocab)
				}
				for i, v := range values {
					if d := math.Abs(float64(v - want[row*seq*vocab+i])); d > 1e-4 {
						t.Fatalf("row %d value %d: %v, want %v", row, i, v, want[row*seq*vocab+i])
					}
				}
			}
		})
	}
}

func TestLogitsRefuses(t *testing.T) {
	model := shared.Path(t, "golden/models/families/qwen2")
	for name, line := range map[string]string{"no ids": `{}`, "no JSON": `nonsense`, "an id too high": `{"input_ids":[1,99999999]}`, "an id that is none": `{"input_ids":["a"]}`} {
		out := filepath.Join(t.TempDir(), "out.safetensors")
		if code, _, stderr := fettle(t, "logits", "-model", model, "-in", write(t, "ids.jsonl", line+"\n"), "-out", out); code != 1 {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
	}
}
