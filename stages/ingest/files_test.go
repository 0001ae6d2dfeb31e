package ingest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/stage"
	"fettle/internal/table"

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
