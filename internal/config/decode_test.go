package config_test

import (
	"testing"
	"time"

	"fettle/internal/config"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const full = `# a pipeline
train:
  model: base   # where
  revision: 1e10
  packed: true
  steps: 7
  max_dropped: 1e-1
  optimizer: {lr: 1e-4, betas: [.9, 9.5E-1]}
  exam:
    items: 3
    langs: [en, zh]
  operators:
    - length
    - dedupe: {column: text}
    - any:
        of:
          - length:
          - length: {min: 1}
  weights: {a: 1, b: 2E-1}
  max_time: 1h30m
  memory: 1.5GiB
  template:
    date: 2024-01-01
    deep: [1, 1e-3, yes, "1", ~, true]
`

func TestDecode(t *testing.T) {
	want := defaults()
	want.Model, want.Revision, want.Packed, want.Steps, want.MaxDropped = "base", "1e10", true, 7, 0.1
	want.Optimizer.LR, want.Optimizer.Betas = 1e-4, []float64{0.9, 0.95}
	want.Exam = &exam{Items: 3, Langs: []string{"en", "zh"}}
	type choice = config.Choice[operator]
	want.Operators = []choice{
		{Name: "length", Value: &length{Min: 20}},
		{Name: "dedupe", Value: &dedupe{Column: "text"}},
		{Name: "any", Value: &any3{Of: []choice{{Name: "length", Value: &length{Min: 20}}, {Name: "length", Value: &length{Min: 1}}}}},
	}
	want.Weights = map[string]float32{"a": 1, "b": 0.2}
	want.MaxTime, want.Memory = 90*time.Minute, 3<<29
	want.Template = map[string]any{"date": "2024-01-01", "deep": []any{int64(1), 1e-3, "yes", "1", nil, true}}
	for _, text := range []string{full, "\xef\xbb\xbf" + full, crlf(full), "---\n" + full + "...\n"} {
		got := must(read(text))(t)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}
