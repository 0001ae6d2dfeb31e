package clean_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/stages/clean"
)

// samples are settings of the operators that cannot work with their defaults alone.
var samples = map[string]string{
	"select":        "{column: id, values: [a, c]}",
	"match":         "{pattern: '[0-9]'}",
	"decontaminate": "{files: [tests.jsonl]}",
}

// fuzzTexts are what operators must survive; none is invalid UTF-8, which run rejects before.
var fuzzTexts = []string{
	"", " ", "\n\n\n", "\x00", "\ufeff", "\u200b\u200d", "a", "é", "e\u0301", "你好", "你", "。。。", "１２３", "👩\u200d💻", "\U0010FFFF", "\ufffd", "ﷺ", "İıſK",
	"\u0301\u0301\u0301", strings.Repeat("a", 70000), strings.Repeat("a b ", 5000), strings.Repeat("啊", 5000), strings.Repeat("\u0300", 300),
	"the same\r\nthe same\rthe same\u2028the same", "[EMAIL] a@b.cn +86 13912345678 ::1 4111-1111-1111-1111", "{\"json\": [1, 2]}", "# head\n\n- item\n\n`code`",
	"\u202eabc\u202c", "à la carte — «ça»", "שלום עולם", "مرحبا", "ประเทศไทย", "カタカナ", "ｶﾞｷﾞ", "한국어", "ᄒ\u1161\u11ab", "\u1e9b\u0323",
}

// operators yields every registered operator with settings as the YAML file would give them.
func operators(t *testing.T) map[string]clean.Operator {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("tests.jsonl", []byte("{\"question\": \"what is it that you would like to know about the thing called fettle\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := map[string]clean.Operator{}
	for _, name := range config.Names[clean.Operator]() {
		item := name
		if s, ok := samples[name]; ok {
			item += ": " + s
		}
		path := filepath.Join(dir, "stages.yaml")
		if err := os.WriteFile(path, []byte("clean:\n  operators:\n    - "+item+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		s := clean.Settings{Gates: stage.Open, Columns: []string{"text"}}
		if err := f.Decode("clean", &s); err != nil {
			t.Errorf("%s: the defaults are not valid: %v", name, err)
			continue
		}
		out[name] = s.Operators[0].Value
	}
	return out
}

func TestConformance(t *testing.T) {
	var rows []row
	for _, s := range fuzzTexts {
		rows = append(rows, texts(s)...)
	}
	for i := range rows {
		rows[i].ID = string(rune('a' + i))
	}
	for name, op := range operators(t) {
		t.Run(name, func(t *testing.T) {
			t.Run("documented", func(t *testing.T) { documented(t, op) })
			before, err := config.Canonical(op)
			if err != nil {
				t.Fatal(err)
			}
			first := run(t, op, 1, rows)
			for _, workers := range []int{2, 8} {
				if diff := cmp.Diff(first, run(t, op, workers, rows)); diff != "" {
					t.Errorf("%d workers: (-one +%d)\n%s", workers, workers, diff)
				}
			}
			if len(first) != len(rows) {
				t.Errorf("%d rows in, %d out", len(rows), len(first))
			}
			for _, f := range first {
				if f.Reason != "" && !slices.Contains(op.Reasons(), f.Reason) {
					t.Errorf("dropped for %q, which Reasons does not name", f.Reason)
				}
			}
			after, _ := config.Canonical(op)
			if diff := cmp.Diff(string(before), string(after)); diff != "" {
				t.Errorf("it changes its own settings: %s", diff)
			}
		})
	}
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// documented: one way to judge, reasons in snake_case, every setting with a name and a meaning.
func documented(t *testing.T, op clean.Operator) {
	ways := 0
	if _, ok := op.(clean.Judge); ok {
		ways++
	}
	if _, ok := op.(clean.Preparer); ok {
		ways++
	}
	if _, ok := op.(clean.Passer); ok {
		ways++
	}
	if ways != 1 {
		t.Errorf("it is %d of Judge, Preparer and Passer, want one", ways)
	}
	for _, r := range op.Reasons() {
		if !snake.MatchString(r) {
			t.Errorf("reason %q is not snake_case", r)
		}
	}
	fields := reflect.TypeOf(op).Elem()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if f.IsExported() && (!snake.MatchString(f.Tag.Get("json")) || f.Tag.Get("jsonschema") == "") {
			t.Errorf("setting %s needs a json name and a jsonschema meaning", f.Name)
		}
	}
}

// TestChineseSurvives: rules made for English must not thin out clean Chinese.
func TestChineseSurvives(t *testing.T) {
	var rows []row
	for _, d := range golden[struct {
		goldenDoc
		Kind string `json:"kind"`
	}](t, "dedup/docs.jsonl") {
		if d.Lang == "zh" && d.Kind == "base" && len(d.Text) > 60 {
			rows = append(rows, row{d.ID, d.Text})
		}
	}
	for name, op := range operators(t) {
		if samples[name] != "" {
			continue
		}
		lost := 0
		for _, f := range run(t, op, 2, rows) {
			if f.Reason != "" {
				lost++
			}
		}
		if share := float64(lost) / float64(len(rows)); share > 0.05 {
			t.Errorf("%s drops %.1f %% of %d clean Chinese texts", name, 100*share, len(rows))
		}
	}
}
