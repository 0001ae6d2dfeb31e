package ingest_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

const tables = `ingest:
  sources:
    - files: {name: rows, path: in}
`

func TestFilesOfAFolder(t *testing.T) {
	dir, code, report, stderr := run(t, tables, map[string][]byte{
		"in/a.jsonl":   []byte("{\"q\": \"one\", \"n\": null}\n{\"q\": \"two\n{\"q\": \"三\", \"n\": 3}\n"),
		"in/b.jsonl":   []byte("{\"q\": \"four\", \"n\": 4, \"extra\": [\"x\"]}\n"),
		"in/notes.txt": []byte("left out"),
	})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if diff := cmp.Diff(stage.Rows{In: 4, Kept: 3, Rejected: 1, Out: 3}, report.Rows); diff != "" {
		t.Error(diff)
	}
	r, err := table.Open(filepath.Join(dir, "rows.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []table.Row
	for row, err := range r.Select("file", "row", "q", "n", "extra") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []table.Row{
		{"a.jsonl", int64(1), "one", nil, nil},
		{"a.jsonl", int64(3), "三", int64(3), nil},
		{"b.jsonl", int64(1), "four", int64(4), []any{"x"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatDisagree(t *testing.T) {
	_, code, _, stderr := run(t, tables, map[string][]byte{"in/a.jsonl": []byte("{\"n\": 1}\n"), "in/b.jsonl": []byte("{\"n\": \"text\"}\n")})
	if code != 1 || !strings.Contains(stderr, `column "n"`) || !strings.Contains(stderr, "b.jsonl") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	_, code, _, stderr = run(t, tables, map[string][]byte{"in/a.jsonl": []byte("{\"id\": 1}\n")})
	if code != 1 || !strings.Contains(stderr, `column "id"`) {
		t.Errorf("exit %d, %q", code, stderr)
	}
	_, code, _, stderr = run(t, strings.Replace(tables, "path: in", "path: in, rename: {id: number}", 1), map[string][]byte{"in/a.jsonl": []byte("{\"id\": 1}\n")})
	if code != 0 {
		t.Errorf("renamed: exit %d, %q", code, stderr)
	}
	_, code, _, stderr = run(t, tables, map[string][]byte{"in/a.txt": []byte("x")})
	if code != 1 || !strings.Contains(stderr, "no table") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// Rows and rejects name the line where they start, and no two of them share one.
func TestFilesRowsAreLines(t *testing.T) {
	dir, code, _, stderr := run(t, tables, map[string][]byte{
		"in/a.csv":   []byte("q,w\n\"two\nlines\",x\n\nthree,x\nfour\nfive,x\n"),
		"in/b.jsonl": []byte("\n{\"q\": \"one\"}\n\n[\"two\"]\n"),
		"in/c.json":  []byte("[{\"q\": \"one\"}, {\"q\": \"two\"}, {\"q\" 3},\n\n\n{\"q\": \"four\"}\n]"),
	})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var kept []string
	r, err := table.Open(filepath.Join(dir, "rows.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for row, err := range r.Select("file", "row", "q") {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, fmt.Sprintf("%s:%d %q", row...))
	}
	want := []string{`a.csv:2 "two\nlines"`, `a.csv:5 "three"`, `a.csv:7 "five"`, `b.jsonl:2 "one"`, `c.json:1 "one"`, `c.json:2 "two"`, `c.json:4 "four"`}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Error(diff)
	}
	var rejected []string
	for r, err := range table.Read[schemas.Reject](filepath.Join(dir, "rejects", "rows.arrow")) {
		if err != nil {
			t.Fatal(err)
		}
		rejected = append(rejected, fmt.Sprintf("%s:%d line %d %q", r.File, r.Row, r.Line, r.Raw))
	}
	want = []string{`a.csv:6 line 6 "four"`, `b.jsonl:4 line 4 "[\"two\"]"`, `c.json:3 line 1 "{\"q\" 3}"`}
	if diff := cmp.Diff(want, rejected); diff != "" {
		t.Error(diff)
	}
}

// A source without a record ends the stage, and says why.
func TestFilesWithoutARecord(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"empty":   {map[string][]byte{"in/a.jsonl": nil, "in/b.csv": []byte("q\n")}, "has no record: what it reads is empty"},
		"skipped": {map[string][]byte{"in/a.jsonl": nil, "in/b.txt": []byte("text")}, "has no record: 1 files there are not of those that its settings want"},
	} {
		_, code, _, stderr := run(t, tables, c.files)
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
}

// A file whose rest cannot be read is no file with one row fewer.
func TestFilesUnreadableRest(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a.csv":  {"q\none\n\"two\nthree\n", "a.csv:3: a quote opened here is never closed"},
		"a.json": {"[{\"q\": 1},\n{\"q\": 2},\n{\"q\": ", "a.json: the array is cut off at line 3"},
	} {
		_, code, _, stderr := run(t, tables, map[string][]byte{"in/" + name: []byte(c.text)})
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
}

// What a clone without Git LFS leaves is no data: it would pass as a table of two rows, or as a page.
func TestPointersOfLFSAreNoData(t *testing.T) {
	pointer := []byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 4711\n")
	const want = "it is a Git LFS pointer, not the file of 4711 bytes"
	for _, name := range []string{"a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "a.arrow", "a.csv.gz", "a.jsonl.zst"} {
		_, code, _, stderr := run(t, tables, map[string][]byte{"in/" + name: pointer})
		if code != 1 || !strings.Contains(stderr, name) || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
	pages := []file{{"docs/a.md", "# A\n"}, {"docs/b.md", string(pointer)}}
	for name, raw := range map[string][]byte{"docs.tar.gz": pointer, "docs.zip": zipped(t, pages), "docs.tar": pointer} {
		_, code, _, stderr := run(t, strings.Replace(settings, "docs.tar.gz", name, 1), map[string][]byte{name: raw})
		if code != 1 || !strings.Contains(stderr, name) || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
	_, code, _, stderr := run(t, strings.Replace(settings, "docs.tar.gz", "in", 1), map[string][]byte{"in/docs/b.md": pointer})
	if code != 1 || !strings.Contains(stderr, "docs/b.md: "+want) {
		t.Errorf("a folder of pages: exit %d, %q", code, stderr)
	}
}
