package config_test

import (
	"testing"

	"fettle/internal/config"

	"github.com/google/go-cmp/cmp"
)

func TestFile(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `stages.yaml:1:1: train: missing section`},
		{"comment only", "# nothing\n", `stages.yaml:1:1: train: missing section`},
		{"list", "- a\n- b\n", `stages.yaml:1:1: want sections, such as "clean:" with settings below it`},
		{"scalar", "train\n", `stages.yaml:1:1: want sections, such as "clean:" with settings below it`},
		{"two documents", "train: {model: m}\n---\ntrain: {model: m}\n", `stages.yaml:3:1: want one document: a second one starts here (---)`},
		{"tab", "train:\n\tmodel: m\n", `stages.yaml:2:1: want spaces: a tab cannot indent YAML`},
		{"open bracket", "train: [1\n", `stages.yaml:1:8: sequence end token ']' not found`},
		{"open quote", "train:\n  model: \"m\n", `stages.yaml:2:10: could not find end character of double-quoted text`},
		{"two colons", "train:\n  model: a: b\n", `stages.yaml:2:10: mapping value is not allowed in this context`},
		{"bad indent", "train:\n    model: m\n  steps: 1\n", `stages.yaml:3:3: value is not allowed in this context`},
		{"not UTF-8", "train:\n  model: \xff\n", `stages.yaml:2:10: want UTF-8: this byte is not`},
		{"UTF-16", "\xff\xfet\x00", `stages.yaml:1:1: want UTF-8: the file is UTF-16`},
		{"zero byte", "train:\n  model: a\x00b\n", `stages.yaml:2:11: want text: this byte is zero`},
		{"other section", "trian:\n  model: m\n", `stages.yaml:1:1: train: missing section (did you mean trian?)`},
		{"section empty", "train:\n", `stages.yaml:1:1: train.model: missing, want the path of a directory (model directory)`},
		{"section a list", "train: [1]\n", `stages.yaml:1:8: train: got a list of 1, want settings, one "name: value" a line`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(c.text)
			if diff := cmp.Diff(c.want, message(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckSections(t *testing.T) {
	f := must(config.Parse("s.yaml", []byte("train:\neval: {}\ncleen:\ntrain:\n")))(t)
	want := "s.yaml:3:1: cleen: unknown section, want one of clean, train, eval (did you mean clean?)\n" +
		"s.yaml:4:1: train: want a key once: it is already at line 1"
	if diff := cmp.Diff(want, message(f.CheckSections("clean", "train", "eval"))); diff != "" {
		t.Error(diff)
	}
	if !f.Has("eval") || f.Has("clean") {
		t.Error("Has does not say what the file has")
	}
	if _, err := config.Load("absent.yaml"); err == nil {
		t.Error("an absent file loads")
	}
}
