package eval_test

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"

	"fettle/internal/config"
	"fettle/internal/shared"
	"fettle/stages/eval"
)

type golden struct {
	ID, Prediction string
	References     []string
	Squad1, Squad2 struct{ EM, F1 float64 }
	Cmrc           struct {
		EM, F1 float64
	}
}

func TestMetricsEqualTheirReferences(t *testing.T) {
	for _, name := range []string{"pairs_en.jsonl", "pairs_zh.jsonl"} {
		file, err := os.Open(shared.Path(t, "golden/text/metrics/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<24)
		n := 0
		for lines.Scan() {
			n++
			var g golden
			if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
				t.Fatal(err)
			}
			for metric, want := range map[string]float64{
				"exact_match": g.Squad2.EM, "token_f1": g.Squad2.F1, "cmrc_em": g.Cmrc.EM, "cmrc_f1": g.Cmrc.F1,
			} {
				if got := score(t, metric, g.Prediction, g.References...); math.Abs(got-want) > 1e-9 {
					t.Errorf("%s %s(%q, %q) = %v, want %v", g.ID, metric, g.Prediction, g.References, got, want)
				}
			}
			if got := score(t, "exact_match", g.Prediction, g.References...); got != g.Squad1.EM {
				t.Errorf("%s: exact match %v, SQuAD 1.1 says %v", g.ID, got, g.Squad1.EM)
			}
		}
		if n == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestSquad2DataSet(t *testing.T) {
	var data struct {
		Items []struct {
			ID, Prediction string
			Answers        []string
			Exact, F1      float64
		}
	}
	raw, err := os.ReadFile(shared.Path(t, "golden/text/metrics/squad2.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	for _, item := range data.Items {
		if got := score(t, "exact_match", item.Prediction, item.Answers...); got != item.Exact {
			t.Errorf("%s: exact match %v, want %v", item.ID, got, item.Exact)
		}
		if got := score(t, "token_f1", item.Prediction, item.Answers...); math.Abs(got-item.F1) > 1e-9 {
			t.Errorf("%s: F1 %v, want %v", item.ID, got, item.F1)
		}
	}
}

func score(t *testing.T, metric, prediction string, answers ...string) float64 {
	t.Helper()
	m, ok := config.New[eval.Metric](metric)
	if !ok {
		t.Fatalf("no metric %s", metric)
	}
	return m.Score(prediction, answers)
}

func TestOwnMetrics(t *testing.T) {
	for _, tt := range []struct {
		metric, name, prediction string
		answers                  []string
		want                     float64
	}{
		{"contains", "inside a sentence", "It is the Eiffel Tower.", []string{"Eiffel tower"}, 1},
		{"contains", "not inside a word", "I know", []string{"no"}, 0},
		{"contains", "a later place counts", "know no", []string{"no"}, 1},
		{"contains", "Han needs no spaces", "清代作家曹雪芹写的", []string{"曹雪芹"}, 1},
		{"contains", "Latin beside Han", "用GPU训练", []string{"GPU"}, 1},
		{"contains", "no answer wanted", "", nil, 1},
		{"contains", "no answer wanted, one given", "x", nil, 0},
		{"f1_zh_char", "order does not count", "北京市海淀区", []string{"海淀区北京市"}, 1},
		{"f1_zh_char", "punctuation does not count", "（三）", []string{"(三)"}, 1},
		{"f1_zh_char", "mixed text", "用 Python 语言", []string{"python语言"}, 6.0 / 7},
		{"f1_zh_char", "both empty", "。", []string{""}, 1},
		{"command_exact_match", "white space", " tar  xf <path>\n", []string{"tar xf <path>"}, 1},
		{"command_exact_match", "case counts", "tar Xf <path>", []string{"tar xf <path>"}, 0},
		{"command_exact_match", "dashes count", "ls l", []string{"ls -l"}, 0},
		{"command_exact_match", "back quotes", "`ls -l`", []string{"ls -l"}, 1},
		{"command_exact_match", "back quotes inside stay", "`a` `b`", []string{"`a` `b`"}, 1},
		{"command_exact_match", "fence", "```sh\nls -l\n```", []string{"ls -l"}, 1},
		{"command_exact_match", "prompt", "$ ls -l", []string{"ls -l"}, 1},
		{"command_exact_match", "any answer", "ls", []string{"dir", "ls"}, 1},
	} {
		if got := score(t, tt.metric, tt.prediction, tt.answers...); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s, %s: got %v, want %v", tt.metric, tt.name, got, tt.want)
		}
	}
}

// Every metric: deterministic, in [0, 1] here, and no text, however odd, stops it.
func TestMetricConformance(t *testing.T) {
	odd := []string{"", " ", "\x00", "\xff\xfe", "。", "a the an", "\u3000", "`", "```", "$", "𠮷", "İ", "\u0301"}
	for _, name := range config.Names[eval.Metric]() {
		m, _ := config.New[eval.Metric](name)
		for _, p := range odd {
			for _, a := range odd {
				got := m.Score(p, []string{a})
				if got < 0 || got > 1 || got != m.Score(p, []string{a}) {
					t.Errorf("%s(%q, %q) = %v", name, p, a, got)
				}
			}
		}
		if eval.Aggregate(m, nil) != 0 || eval.Aggregate(m, []float64{0, 1}) != 0.5 {
			t.Errorf("%s: aggregate is not the mean", name)
		}
	}
}
