package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/config"
	"fettle/stages/eval"
)

func decode(t *testing.T, yaml string) (eval.Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stages.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s := eval.Defaults()
	return s, f.Decode("eval", &s)
}

func TestDefaultsAreValid(t *testing.T) {
	if _, err := decode(t, "eval: {}\n"); err != nil {
		t.Error(err)
	}
}

func TestSettingsAreRead(t *testing.T) {
	s, err := decode(t, `eval:
  systems: [base, tuned]
  metric: command_exact_match
  metrics: [token_f1, f1_zh_char]
  retriever:
    bm25: {k: 1, k1: 1.2}
  judge: {resamples: 500}
  max_time: 2m
`)
	if err != nil {
		t.Fatal(err)
	}
	bm25 := s.Retriever.Value.(*eval.BM25)
	if len(s.Systems) != 2 || s.Metric.Name != "command_exact_match" || len(s.Metrics) != 2 || bm25.Show != 1 || bm25.K1 != 1.2 || bm25.B != 0.4 || s.Judge.Resamples != 500 {
		t.Errorf("%+v", s)
	}
}

func TestFaultsOfSeveralSettings(t *testing.T) {
	_, err := decode(t, `eval:
  systems: [base, base, rag]
  metric: token_f1
  metrics: [token_f1]
  claims: [style]
  prompt: {open: "{question}"}
`)
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{"systems[1]", "systems[2]", "metrics", "claims[0]", "prompt.open", "{context}"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault at %s in:\n%v", want, err)
		}
	}
}
