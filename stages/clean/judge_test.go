package clean_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean"
)

func TestJudges(t *testing.T) {
	cases := []struct {
		name string
		op   clean.Operator
		in   []row
		want []string
	}{
		{"length counts runes, not bytes", &clean.Length{Min: 2, Max: 3, Unit: "runes"}, texts("é", "né", "你好吗", "你好吗？"), []string{"too_short", "", "", "too_long"}},
		{"length in words", &clean.Length{Min: 3, Unit: "words"}, texts("one two", "a b c", "你好", "你好吗", "用 Go 写"), []string{"too_short", "", "too_short", "", ""}},
		{"select by a value", &clean.Select{Column: "id", Values: []string{"b", "c"}}, texts("x", "x", "x"), []string{"not_selected", "", ""}},
		{"select by a number", &clean.Select{Column: "row", Values: []string{"1"}}, texts("x", "x"), []string{"not_selected", ""}},
		{"a missing value is not selected", &clean.Select{Column: "lang", Values: []string{""}}, texts("x"), []string{"not_selected"}},
		{"select sees the cleaned text", &clean.Select{Column: "text", Values: []string{"x"}}, texts("x"), []string{""}},
		{"match drops", &clean.Match{Pattern: `(?m)^> .*alias of`}, texts("# a\n> An alias of b", "> not it"), []string{"matches", ""}},
		{"match keeps", &clean.Match{Pattern: `^\d+$`, Keep: true}, texts("12", "x"), []string{"", "does_not_match"}},
		{"match in a column", &clean.Match{Column: "id", Pattern: "a"}, texts("b", "a"), []string{"matches", ""}},
		{"languages", &clean.Language{Languages: []string{"zh", "en"}}, texts("这是一个句子。", "This is the sentence that we want to keep.", "Это предложение на русском языке.", "1 + 1 = 2"), []string{"", "", "other_language", ""}},
		{"unknown language", &clean.Language{Languages: []string{"zh"}, DropUnknown: true}, texts("1 + 1 = 2"), []string{"unknown_language"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(run(t, c.op, 2, c.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	s := &clean.Split{Seed: 1, Shares: []clean.Share{{Name: "train", Share: 0.8}, {Name: "dev", Share: 0.1}, {Name: "test", Share: 0.1}}}
	const n = 20000
	count, before := map[string]float64{}, map[string]string{}
	for i := range n {
		group := fmt.Sprint("page ", i)
		before[group] = s.Part(group)
		count[before[group]] += 1.0 / n
	}
	for _, share := range s.Shares {
		if math.Abs(count[share.Name]-share.Share) > 0.01 {
			t.Errorf("%s got %.3f of the groups, want %.3f", share.Name, count[share.Name], share.Share)
		}
	}
	other := &clean.Split{Seed: 2, Shares: s.Shares}
	wider := &clean.Split{Seed: 1, Shares: []clean.Share{{Name: "train", Share: 0.85}, {Name: "test", Share: 0}}}
	moved := 0
	for group, part := range before {
		if other.Part(group) != part {
			moved++
		}
		if part == "train" && wider.Part(group) != "train" {
			t.Fatalf("%s left train although its share grew", group)
		}
	}
	if moved < n/10 {
		t.Errorf("another seed moved only %d of %d groups", moved, n)
	}
}
