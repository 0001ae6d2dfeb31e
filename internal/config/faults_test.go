package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// faulty texts and their whole messages; "train:\n  model: m\n" stands before each text, so that it starts at line 3.
var faulty = []struct{ name, text, want string }{
	{"float as 1e-4", "optimizer: {lr: 1e-4}", ""},
	{"float as 2E-5", "optimizer: {lr: 2E-5}", ""},
	{"float as 1.0e-4", "optimizer: {lr: 1.0e-4}", ""},
	{"float as int", "optimizer: {lr: 1}", ""},
	{"no float", "optimizer: {lr: fast}", "stages.yaml:3:19: train.optimizer.lr: got fast, want a number above 0, at most 1"},
	{"float in quotes", `optimizer: {lr: "1e-4"}`, `stages.yaml:3:19: train.optimizer.lr: got "1e-4", want a number above 0, at most 1, without quotes`},
	{"float of another kind", "optimizer: {lr: [1]}", "stages.yaml:3:19: train.optimizer.lr: got a list of 1, want a number above 0, at most 1"},
	{"float out of range", "optimizer:\n    lr: 0", "stages.yaml:4:9: train.optimizer.lr: got 0, want a number above 0, at most 1"},
	{"float not a number", "optimizer:\n    lr: .nan", "stages.yaml:4:9: train.optimizer.lr: got .nan, want a number above 0, at most 1 that is finite"},
	{"float infinite", "optimizer:\n    lr: -.inf", "stages.yaml:4:9: train.optimizer.lr: got -.inf, want a number above 0, at most 1 that is finite"},
	{"float too large", "optimizer:\n    lr: 1e400", "stages.yaml:4:9: train.optimizer.lr: got 1e400, want a number above 0, at most 1, small enough for a float64"},
	{"float too small", "optimizer:\n    lr: 1e-400", "stages.yaml:4:9: train.optimizer.lr: got 1e-400, want a number above 0, at most 1, not so close to 0"},
	{"float32 inexact", "weights: {a: 16777217}", "stages.yaml:3:16: train.weights.a: got 16777217, want a number above 0 that a float32 can hold exactly"},
	{"float grouped", "weights: {a: 1_000.5}", "stages.yaml:3:16: train.weights.a: got 1_000.5, want a number above 0: write 1000.5"},
	{"bool on", "packed: on", "stages.yaml:3:11: train.packed: got on, want true or false: write true"},
	{"bool No", "packed: No", "stages.yaml:3:11: train.packed: got No, want true or false: write false"},
	{"bool number", "packed: 1", "stages.yaml:3:11: train.packed: got 1, want true or false"},
	{"bool in quotes", "packed: 'true'", `stages.yaml:3:11: train.packed: got "true", want true or false, without quotes`},
	{"string on", "revision: on", ""},
	{"string date", "revision: 2024-01-01", ""},
	{"string null", "revision: ~", "stages.yaml:3:3: train.revision: got nothing, want text, or no line for the default"},
	{"string list", "revision: [a]", "stages.yaml:3:13: train.revision: got a list of 1, want text"},
	{"int octal 1.1", "steps: 017", "stages.yaml:3:10: train.steps: got 017, want a whole number of at least 1: write 17, or 15 if octal was meant"},
	{"int octal 1.2", "steps: 0o17", "stages.yaml:3:10: train.steps: got 0o17, want a whole number of at least 1: write 15"},
	{"int zero-led", "steps: 09", "stages.yaml:3:10: train.steps: got 09, want a whole number of at least 1: write 9"},
	{"int hex", "steps: -0x1F", "stages.yaml:3:10: train.steps: got -0x1F, want a whole number of at least 1: write -31"},
	{"int as float", "steps: 1e3", "stages.yaml:3:10: train.steps: got 1e3, want a whole number of at least 1: write 1000"},
	{"int with fraction", "steps: 1.5", "stages.yaml:3:10: train.steps: got 1.5, want a whole number of at least 1"},
	{"int grouped", "steps: 1_000", "stages.yaml:3:10: train.steps: got 1_000, want a whole number of at least 1: write 1000"},
	{"int date", "steps: 2024-01-01", "stages.yaml:3:10: train.steps: got 2024-01-01, want a whole number of at least 1"},
	{"int overflow", "steps: 99999999999999999999", "stages.yaml:3:10: train.steps: got 99999999999999999999, want a whole number of at least 1, one that fits 64 bits"},
	{"int too small", "steps: 0", "stages.yaml:3:10: train.steps: got 0, want a whole number of at least 1"},
	{"uint negative", "exam: {items: -1}", "stages.yaml:3:17: train.exam.items: got -1, want a whole number of at least 1, from 0 to 65535"},
	{"uint overflow", "exam: {items: 70000}", "stages.yaml:3:17: train.exam.items: got 70000, want a whole number of at least 1, from 0 to 65535"},
	{"int empty", "steps:", "stages.yaml:3:3: train.steps: got nothing, want a whole number of at least 1, or no line for the default"},
	{"enum typo", "optimizer: {name: adamW}", "stages.yaml:3:21: train.optimizer.name: got adamW, want one of adamw, sgd (did you mean adamw?)"},
	{"enum none near", "optimizer: {name: lion}", "stages.yaml:3:21: train.optimizer.name: got lion, want one of adamw, sgd"},
	{"list enum", "exam: {items: 1, langs: [en, fr, zh]}", "stages.yaml:3:32: train.exam.langs[1]: got fr, want one of en, zh, de"},
	{"list from scalar", "exam: {items: 1, langs: en}", "stages.yaml:3:27: train.exam.langs: got en, want a list of en, zh, de: write [en]"},
	{"list empty", "operators:", "stages.yaml:3:3: train.operators: got nothing, want a list of any, dedupe, length ([] for none)"},
	{"list too short", "optimizer: {betas: [0.9]}", "stages.yaml:3:22: train.optimizer.betas: got a list of 1, want a list of numbers from 0, below 1 (2 entries)"},
	{"list element", "optimizer: {betas: [0.9, 1]}", "stages.yaml:3:28: train.optimizer.betas[1]: got 1, want a number from 0, below 1"},
	{"struct from scalar", "optimizer: adamw", `stages.yaml:3:14: train.optimizer: got adamw, want settings, one "name: value" a line`},
	{"struct empty", "optimizer:", ""},
	{"pointer missing inner", "exam: {}", "stages.yaml:3:3: train.exam.items: missing, want a whole number of at least 1 (questions asked)"},
	{"pointer null", "exam: ~", ""},
	{"unknown key typo", "stpes: 3", "stages.yaml:3:3: train.stpes: unknown setting (did you mean steps?)"},
	{"unknown key other style", "maxDropped: 0.1", "stages.yaml:3:3: train.maxDropped: unknown setting (did you mean max_dropped?)"},
	{"unknown key deeper", "lr: 1e-4", "stages.yaml:3:3: train.lr: unknown setting (did you mean optimizer.lr?)"},
	{"unknown key", "optimizer:\n    nesterov_momentum: true", "stages.yaml:4:5: train.optimizer.nesterov_momentum: unknown setting, want one of name, lr, betas"},
	{"unknown operator typo", "operators: [lenght]", `stages.yaml:3:15: train.operators[0]: unknown name "lenght" (did you mean length?)`},
	{"unknown operator", "operators:\n    - perplexity: {max: 3}", `stages.yaml:4:7: train.operators[0]: unknown name "perplexity", want one of any, dedupe, length`},
	{"operator setting typo", "operators:\n    - length: {mni: 3}", "stages.yaml:4:16: train.operators[0].length.mni: unknown setting (did you mean min?)"},
	{"operator missing setting", "operators:\n    - length\n    - dedupe", "stages.yaml:5:7: train.operators[1].dedupe.column: missing, want text (column compared)"},
	{"operator not indented", "operators:\n    - length:\n      min: 3", "stages.yaml:5:7: train.operators[0]: want one name: indent the settings below length further than it"},
	{"operator nested", "operators:\n    - any:\n        of:\n          - length: {min: x}", "stages.yaml:6:27: train.operators[0].any.of[0].length.min: got x, want a whole number of at least 0"},
	{"two operators in one", "operators:\n    - length: {min: 3}\n      dedupe: {column: text}", "stages.yaml:5:7: train.operators[0]: want one name, with its settings below it"},
	{"operator rule", "operators:\n    - length:\n        min: 9\n        max: 3", "stages.yaml:6:14: train.operators[0].length.max: got 3, want at least min"},
	{"operator rule with default", "operators:\n    - length: {max: 3}", "stages.yaml:4:21: train.operators[0].length.max: got 3, want at least min"},
	{"operator number", "operators: [3]", `stages.yaml:3:15: train.operators[0]: unknown name "3", want one of any, dedupe, length`},
	{"embedded rule", "max_dropped: 0.5", "stages.yaml:3:16: train.max_dropped: got 0.5, want anything but a half"},
	{"rule of a faulty field", "max_dropped: 5", "stages.yaml:3:16: train.max_dropped: got 5, want a number from 0 to 1"},
	{"duplicate", "steps: 1\n  steps: 2", "stages.yaml:4:3: train.steps: want a key once: it is already at line 3"},
	{"anchor and alias", "revision: &r abc\n  exam: *r", "stages.yaml:3:13: train.revision: want the value itself: anchors (&) are not read\nstages.yaml:4:9: train.exam: want the value itself: aliases (*) are not read"},
	{"merge key", "optimizer:\n    <<: {lr: 1}", "stages.yaml:4:5: train.optimizer.<<: want the settings themselves: merge keys (<<) are not read"},
	{"tag", "revision: !!str 1", "stages.yaml:3:13: train.revision: want the value without a tag (!!str): quotes make a string"},
	{"refused in any", "template: {a: [!!int 1]}", "stages.yaml:3:18: train.template.a[0]: want the value without a tag (!!int): quotes make a string"},
	{"duration without unit", "max_time: 90", "stages.yaml:3:13: train.max_time: got 90, want a duration of at least 1s, such as 90s or 1h30m"},
	{"duration too short", "max_time: 1ms", "stages.yaml:3:13: train.max_time: got 1ms, want a duration of at least 1s, such as 90s or 1h30m"},
	{"size without unit", "memory: 64", "stages.yaml:3:11: train.memory: got 64, want a size of at most 1TiB, such as 64MiB or 2GB"},
	{"size wrong unit", "memory: 64mb", "stages.yaml:3:11: train.memory: got 64mb, want a size of at most 1TiB, such as 64MiB or 2GB"},
	{"size too large", "memory: 2TiB", "stages.yaml:3:11: train.memory: got 2TiB, want a size of at most 1TiB, such as 64MiB or 2GB"},
	{"size of half a byte", "memory: 0.5B", "stages.yaml:3:11: train.memory: got 0.5B, want a size of at most 1TiB, such as 64MiB or 2GB"},
	{"several, in order", "stpes: 1\n  packed: yes\n  optimizer: {lr: 7, nam: sgd}\n  steps: x", "stages.yaml:3:3: train.stpes: unknown setting (did you mean steps?)\nstages.yaml:4:11: train.packed: got yes, want true or false: write true\nstages.yaml:5:19: train.optimizer.lr: got 7, want a number above 0, at most 1\nstages.yaml:5:22: train.optimizer.nam: unknown setting (did you mean name?)\nstages.yaml:6:10: train.steps: got x, want a whole number of at least 1"},
}

func TestFaults(t *testing.T) {
	for _, c := range faulty {
		t.Run(c.name, func(t *testing.T) {
			for _, text := range []string{"train:\n  model: m\n  " + c.text, crlf("train:\n  model: m\n  " + c.text + "\n")} {
				_, err := read(text)
				if diff := cmp.Diff(c.want, message(err)); diff != "" {
					t.Errorf("%s\n%s", text, diff)
				}
			}
		})
	}
}
