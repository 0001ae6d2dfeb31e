package config_test

import (
	"encoding/json"
	"testing"

	"fettle/internal/config"

	"github.com/google/go-cmp/cmp"
)

const small = `
train:
  model: base
  operators: [length, dedupe: {column: text, stop: words.txt}, any: {of: [dedupe: {column: b, stop: more.txt}]}]
  weights: {b: 2, a: 1}
`

func TestCanonical(t *testing.T) {
	s := must(read(small))(t)
	want := `{"exam":null,"max_dropped":0,"operators":[{"length":{"max":0,"min":20}},{"dedupe":{"column":"text"}},` +
		`{"any":{"of":[{"dedupe":{"column":"b"}}]}}],"optimizer":{"betas":[0.9,0.999],"lr":0.0002,"name":"adamw"},` +
		`"packed":false,"revision":"","steps":100,"template":{},"weights":{"a":1,"b":2}}`
	if diff := cmp.Diff(want, string(must(config.Canonical(s))(t))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, string(must(config.Canonical(&s))(t))); diff != "" {
		t.Error(diff)
	}
}

func TestPaths(t *testing.T) {
	want := []config.PathSetting{
		{Name: "model", Kind: "dir", Value: "base"},
		{Name: "operators[1].dedupe.stop", Kind: "file", Value: "words.txt"},
		{Name: "operators[2].any.of[0].dedupe.stop", Kind: "file", Value: "more.txt"},
	}
	if diff := cmp.Diff(want, config.Paths(must(read(small))(t))); diff != "" {
		t.Error(diff)
	}
}

// TestJSON writes settings out, reads them back and gets the same.
func TestJSON(t *testing.T) {
	s := must(read(full))(t)
	data := must(config.JSON(s))(t)
	again := must(read("train: " + string(data)))(t)
	if diff := cmp.Diff(string(data), string(must(config.JSON(again))(t))); diff != "" {
		t.Error(diff)
	}
}

func TestChoice(t *testing.T) {
	if diff := cmp.Diff([]string{"any", "dedupe", "length"}, config.Names[operator]()); diff != "" {
		t.Error(diff)
	}
	first, _ := config.New[operator]("length")
	first.(*length).Min = 99
	second, _ := config.New[operator]("length")
	data := must(json.Marshal(config.Choice[operator]{Name: "length", Value: second}))(t)
	if diff := cmp.Diff(`{"length":{"max":0,"min":20}}`, string(data)); diff != "" {
		t.Error(diff)
	}
	if _, ok := config.New[operator]("none"); ok {
		t.Error("an operator that was never registered")
	}
	defer func() {
		if recover() == nil {
			t.Error("a name is registered twice")
		}
	}()
	config.Register[operator]("length", &length{})
}

func TestSize(t *testing.T) {
	for text, want := range map[string]config.Size{"0": 0, "1B": 1, "64MiB": 64 << 20, "1.5 GiB": 3 << 29, "2GB": 2e9, "3kB": 3000} {
		got := must(config.ParseSize(text))(t)
		back := must(config.ParseSize(got.String()))(t)
		if got != want || back != want {
			t.Errorf("%s is %d, and again %d, want %d", text, got, back, want)
		}
	}
	for _, text := range []string{"", "1", "-1B", "1e3B", "0.1B", "MiB", "9999999TiB", "1mb"} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}
