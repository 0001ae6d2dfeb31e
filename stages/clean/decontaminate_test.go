package clean_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean"
)

// testsFile writes test questions as a user would keep them.
func testsFile(t *testing.T, questions ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tests.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, q := range questions {
		if err := json.NewEncoder(f).Encode(map[string]string{"question": q}); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestDecontaminate(t *testing.T) {
	file := testsFile(t, "How do I list all files in a folder?", "如何列出一个目录中的所有文件")
	op := &clean.Decontaminate{Files: []string{file}, Columns: []string{"question"}, Words: 6, Chars: 8, Whole: 0}
	whole := *op
	whole.Words, whole.Chars, whole.Whole = 13, 20, 5
	cases := []struct {
		name string
		op   *clean.Decontaminate
		in   []row
		want []string
	}{
		{"six words in a row", op, texts("Well: how do i LIST\nall files then?", "how do I list all the files"), []string{"contaminated", ""}},
		{"eight characters in a row", op, texts("他问：如何列出，一个目录？", "如何列出目录"), []string{"contaminated", ""}},
		{"a short test whole", &whole, texts("Q: How do I list all files in a folder? A: ls", "How do I list all files?"), []string{"contains_test", ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(run(t, c.op, 2, c.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDecontaminateGolden(t *testing.T) {
	type truth struct {
		ID    string `json:"train_id"`
		Tests map[string]struct {
			Hits  int `json:"ngram_hits"`
			First int `json:"first_token"`
		} `json:"tests"`
		Whole []string `json:"short_tests_contained_whole"`
	}
	want := map[string]string{}
	for _, x := range golden[truth](t, "dedup/contamination_truth.jsonl") {
		if len(x.Tests) > 0 {
			want[x.ID] = "contaminated"
		} else if len(x.Whole) > 0 {
			want[x.ID] = "contains_test"
		}
	}
	var questions []string
	for _, q := range golden[goldenDoc](t, "dedup/contamination_tests.jsonl") {
		questions = append(questions, q.Text)
	}
	var rows []row
	for _, d := range golden[goldenDoc](t, "dedup/contamination_train.jsonl") {
		rows = append(rows, row{d.ID, d.Text})
	}
	got := map[string]string{}
	op := &clean.Decontaminate{Files: []string{testsFile(t, questions...)}, Columns: []string{"question"}, Words: 13, Chars: 20, Whole: 1}
	for _, f := range run(t, op, 2, rows) {
		if f.Reason != "" {
			got[f.ID] = f.Reason
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
