package config_test

import (
	"strings"
	"testing"

	"fettle/internal/config"

	"github.com/google/go-cmp/cmp"
)

const before = `# top
train:   # the stage
  lr: 1e-3   # rate
  name: "a # b"  # quoted
  empty:   # nothing yet
  betas: [0.9,
    0.95]  # two lines
  text: |
    one

    two
  # before operators
  operators:   # in order
  - length
  - dedupe:
      column: text   # by
      # inner
  - any: {of: [length, {dedupe: {column: 'x, y'}}]}
  - length: {min: 2}
  - lang:

  opt: {lr: 1, é: 'it''s'}
# end
eval:
`

func TestSet(t *testing.T) {
	for _, c := range []struct{ name, set, old, new string }{
		{"scalar", "train.lr=1e-4", "lr: 1e-3   #", "lr: 1e-4   #"},
		{"quoted", "train.name=x", `"a # b"  #`, `x  #`},
		{"needs quotes", "train.name=a: b #c", `"a # b"  #`, `"a: b #c"  #`},
		{"to empty text", "train.name=", `"a # b"  #`, `""  #`},
		{"null", "train.empty=yes", "empty:   #", "empty: yes   #"},
		{"inside null", "train.empty.a.b=1", "empty:   #", "empty: {a: {b: 1}}   #"},
		{"list over lines", "train.betas=[1, 2]", "[0.9,\n    0.95]  #", "[1, 2]  #"},
		{"list entry", "train.betas[1]=.5", "0.95", ".5"},
		{"list entry dotted", "train.betas.0=.5", "[0.9,", "[.5,"},
		{"literal", "train.text=one", "text: |\n    one\n\n    two\n", "text: one\n"},
		{"whole list", "train.operators=[length]", before[strings.Index(before, "operators:   #"):strings.Index(before, "\n\n  opt")], "operators: [length]   # in order"},
		{"in operator", "train.operators.dedupe.column=url", "column: text   #", "column: url   #"},
		{"new in operator", "train.operators.dedupe.by=url", "text   # by\n", "text   # by\n      by: url\n"},
		{"by number", "train.operators[1].dedupe.column=url", "column: text   #", "column: url   #"},
		{"bare operator", "train.operators[0].length.min=3", "- length\n", "- {length: {min: 3}}\n"},
		{"operator without settings", "train.operators.lang.of=en", "- lang:\n", "- lang: {of: en}\n"},
		{"whole operator", "train.operators[1]=length", "- dedupe:\n      column: text   # by\n", "- length\n"},
		{"deep in braces", "train.operators.any.of.dedupe.column=z", "'x, y'", "z"},
		{"bare in braces", "train.operators.any.of.length.min=1", "[length,", "[{length: {min: 1}},"},
		{"braces", "train.opt.lr=2", "{lr: 1,", "{lr: 2,"},
		{"braces after", "train.opt.é=2", "'it''s'", "2"},
		{"new in braces", "train.opt.z=1", "{lr: 1", "{z: 1, lr: 1"},
		{"new in section", "train.steps=5", "'it''s'}\n", "'it''s'}\n  steps: 5\n"},
		{"empty section", "eval.seed=5", "eval:\n", "eval: {seed: 5}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(before, c.old) != 1 {
				t.Fatalf("%q is not once in the text", c.old)
			}
			want := strings.Replace(before, c.old, c.new, 1)
			for _, text := range []string{before, crlf(before)} {
				f := must(config.Parse("s.yaml", []byte(text)))(t)
				got := must(config.Set(f, []string{c.set}))(t)
				if diff := cmp.Diff(want, strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
					t.Error(diff)
				}
				if strings.Contains(text, "\r") != strings.Contains(string(got), "\r") {
					t.Error("line ends changed")
				}
			}
		})
	}
}

func TestSetFaults(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"train", `s.yaml:2:1: -set train: want section.setting=value`},
		{"train.lr", `s.yaml:2:1: -set train.lr: want section.setting=value`},
		{"trian.lr=1", `s.yaml:2:1: -set trian.lr: no section trian, want one of train, eval (did you mean train?)`},
		{"train.lr.x=1", `s.yaml:3:7: -set train.lr.x: lr is 1e-3 and has no setting x`},
		{"train.operators.lenght.min=1", `s.yaml:14:3: -set train.operators.lenght.min: no entry lenght, want one of length, dedupe, any, lang (did you mean length?)`},
		{"train.operators.length.min=1", `s.yaml:14:3: -set train.operators.length.min: 2 entries are named length, want a number: [0] or [3]`},
		{"train.operators[9].length=1", `s.yaml:14:3: -set train.operators[9].length: no entry 9: the list has 5, numbered from 0`},
		{"train.betas=[1", `s.yaml:2:1: -set train.betas: want a value that is YAML: "[1" is not`},
	} {
		f := must(config.Parse("s.yaml", []byte(before)))(t)
		_, err := config.Set(f, []string{c.set})
		if diff := cmp.Diff(c.want, message(err)); diff != "" {
			t.Error(c.set, diff)
		}
	}
}
