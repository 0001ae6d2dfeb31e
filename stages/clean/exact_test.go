package clean_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean"
)

type goldenDoc struct {
	ID   string `json:"id"`
	Lang string `json:"lang"`
	Text string `json:"text"`
}

func TestExact(t *testing.T) {
	cases := []struct {
		name, normalize string
		in              []row
		want            []string
	}{
		{"the first is kept", "raw", texts("a", "b", "a", "a"), []string{"", "", "duplicate", "duplicate"}},
		{"raw counts white space", "raw", texts("a b", "a  b"), []string{"", ""}},
		{"whitespace does not", "whitespace", texts("a b", " a\n b\x1f", "A b"), []string{"", "duplicate", ""}},
		{"full folds case, width and punctuation", "full", texts("Ab, c!", "ＡＢ c", "abc"), []string{"", "duplicate", ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(run(t, &clean.Exact{Normalize: c.normalize}, 2, c.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestExactGolden(t *testing.T) {
	type group struct {
		Norm string   `json:"norm"`
		IDs  []string `json:"ids"`
		Keep string   `json:"keep_first"`
	}
	want := map[string]map[string][]string{"raw": {}, "whitespace": {}, "full": {}}
	for _, g := range golden[group](t, "dedup/exact.jsonl") {
		want[g.Norm][g.Keep] = g.IDs
	}
	var rows []row
	for _, d := range golden[goldenDoc](t, "dedup/docs.jsonl") {
		rows = append(rows, row{d.ID, d.Text})
	}
	for norm, groups := range want {
		t.Run(norm, func(t *testing.T) {
			got := map[string][]string{}
			for _, f := range run(t, &clean.Exact{Normalize: norm}, 2, rows) {
				if f.Reason == "" {
					got[f.ID] = []string{f.ID}
					continue
				}
				first := f.Numbers["first"].(string)
				got[first] = append(got[first], f.ID)
			}
			for first, ids := range got {
				if len(ids) == 1 {
					delete(got, first)
				}
			}
			for _, ids := range groups {
				slices.Sort(ids)
			}
			for _, ids := range got {
				slices.Sort(ids)
			}
			if diff := cmp.Diff(groups, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
