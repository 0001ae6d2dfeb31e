package table_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"fettle/internal/table"

	"github.com/google/go-cmp/cmp"
)

// What takes the rest of a file with it is no single bad row: it ends the reading, with its place.
func TestUnreadableRest(t *testing.T) {
	cases := []struct{ name, file, in, want string }{
		{"quote", "a.csv", "a,b\n1,2\n\"open,2\n3,4\n", "$:3: a quote opened here is never closed"},
		{"quote in a record's second line", "a.csv", "a,b\n\"x\ny\",\"open\n3,4\n", "$:3: a quote opened here is never closed"},
		{"quote in the header", "a.tsv", "a\t\"b\n1\t2\n", "$:1: a quote opened here is never closed"},
		{"quote over too much", "a.csv", "a,b\n\"" + strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 65) + "\",1\n", "$:2: a quote opened here is not closed within 64 MiB"},
		{"array without an end", "a.json", "[\n{\"a\": 1},\n{\"a\": 2}", "$: the array is cut off at line 3"},
		{"array cut behind a comma", "a.json", "[{\"a\": 1},\n", "$: the array is cut off at line 2"},
		{"array cut in a number", "a.json", "[{\"a\": 1}, 12", "$: the array is cut off at line 1"},
		{"array cut in a value", "a.json", "[{\"a\": 1},\n{\"a\":\n\"y", "$: the array is cut off at line 3: the value that starts at line 2 does not end"},
		{"bracket left out", "a.json", "[\n{\"a\": {\"b\": 1},\n{\"a\": 2},\n{\"a\": 3}]", "$: the array is cut off at line 4"},
		{"two brackets left out", "a.json", "[\n{\"a\": [[1, \"x\",\n{\"a\": 3}\n]\n", "$: the array is cut off at line 5: the value that starts at line 2 does not end"},
		{"quote left out", "a.json", "[\n{\"a\": \"x},\n{\"a\": \"y\"}\n]", "$: the array is cut off at line 4: the value that starts at line 2 does not end"},
		{"a second array", "a.json", "[{\"a\": 1}]\n[{\"a\": 2}]", "$:2: text after the end of the array"},
	}
	for _, c := range cases {
		path := file(t, c.file, c.in)
		_, err := table.Open(path)
		if want := strings.ReplaceAll(c.want, "$", path); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", c.name, err, want)
		}
	}
}

func TestRowsNameTheirLines(t *testing.T) {
	for _, c := range []struct {
		file, in string
		want     []int64
	}{
		{"a.csv", "a,b\r\n\"x\r\ny\",1\r\n\r\n2,2\r\n3\r\n4,4\r\n", []int64{2, 5, -6, 7}},
		{"a.jsonl", "\n{\"a\":1}\n\n\nbad\n{\"a\":2}", []int64{2, -5, 6}},
		{"a.json", "[\n{\"a\":\n1}, {\"a\":2},\n{\"a\" 3},\n\n{\"a\":4}\n]", []int64{2, 3, -4, 6}},
	} {
		if diff := cmp.Diff(c.want, lines(t, file(t, c.file, c.in))); diff != "" {
			t.Error(c.file, diff)
		}
	}
	for _, ext := range []string{".parquet", ".arrow"} {
		path := filepath.Join(t.TempDir(), "t"+ext)
		write(t, path, nested, nestedRows)
		if diff := cmp.Diff([]int64{1, 2, 3}, lines(t, path)); diff != "" {
			t.Error(ext, diff)
		}
	}
}

// lines are where a table's rows start, negative for those that cannot be read.
func lines(t *testing.T, path string) (got []int64) {
	t.Helper()
	r, err := table.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for at, err := range r.Lines() {
		var bad *table.RowError
		switch {
		case errors.As(err, &bad) && bad.Line == at.Line:
			got = append(got, -at.Line)
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, at.Line)
		}
	}
	return got
}

func TestRowErrorsShowTheRow(t *testing.T) {
	declared := &table.Schema{Fields: []table.Field{{Name: "n", Type: table.Int64}}}
	long := strings.Repeat("界", 1000) // 3,000 bytes
	for _, c := range []struct{ name, file, in, want string }{
		{"syntax", "a.jsonl", "\n {\"n\" 1} \r\n", `{"n" 1}`},
		{"no object", "a.jsonl", "42\n", `42`},
		{"does not fit", "a.jsonl", "{\"n\":\"x\"}\n", `{"n":"x"}`},
		{"element", "a.json", "[\n{\"n\"\n 1}\n]", "{\"n\"\n 1}"},
		{"record over lines", "a.csv", "n\n\"a\r\nb\",2\r\n", "\"a\r\nb\",2"},
		{"cell does not fit", "a.csv", "n\nx\n", "x\n"},
		{"not UTF-8", "a.csv", "n\nx\xff\xfey\n", "x\ufffdy"},
		{"long", "a.jsonl", "x" + long, "x" + long[:666*3]},
		{"long after a byte that is none", "a.jsonl", "\xff" + long, "\ufffd" + long[:665*3]},
		{"long record", "a.csv", "n\n\"" + strings.Repeat("y\n", 3000) + "\"z\n", "\"" + strings.Repeat("y\n", 999) + "y"},
	} {
		r, err := table.OpenAs(file(t, c.file, c.in), declared)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Rows() {
			var bad *table.RowError
			if !errors.As(err, &bad) {
				t.Errorf("%s: %v", c.name, err)
			} else if bad.Raw != c.want || len(bad.Raw) > 2000 || !utf8.ValidString(bad.Raw) {
				t.Errorf("%s: %d bytes %q", c.name, len(bad.Raw), bad.Raw)
			}
		}
	}
}

func TestListsAsRowsOfADeclaredTable(t *testing.T) {
	declared := &table.Schema{Fields: []table.Field{{Name: "value", Type: table.List(table.Int64)}}}
	for in, want := range map[string]string{
		"[1]\n5\n[2]\n":           "[[[1]] [[2]]] 1",
		"[1]\n{\"value\":[2]}\n":  "[[[2]]] 1",
		"{\"value\":[2]}\n[1]\n":  "[[[2]]] 1",
		"{\"value\":[2]}\n\n\n":   "[[[2]]] 0",
		"{\"value\":[2]}\nnone\n": "[[[2]]] 1",
	} {
		_, rows, faults := load(t, file(t, "a.jsonl", in), declared)
		if got := show(rows) + " " + show(int64(len(faults))); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestDepth(t *testing.T) {
	deep := strings.Repeat("[", 63) + "1" + strings.Repeat("]", 63)
	in := file(t, "a.jsonl", "{\"a\":"+deep+"}\n{\"a\":["+deep+"]}\n")
	schema, rows, faults := load(t, in, nil)
	if diff := cmp.Diff([]string{"2: nested 65 deep, which must be at most 64"}, faults); diff != "" || len(rows) != 1 {
		t.Fatal(diff, len(rows))
	}
	deeper := &table.Schema{Fields: []table.Field{{Name: "a", Type: table.List(table.List(schema.Fields[0].Type))}}}
	for _, ext := range []string{".parquet", ".arrow", ".jsonl"} {
		out := filepath.Join(t.TempDir(), "t"+ext)
		write(t, out, schema, rows)
		_, got, _ := load(t, out, nil)
		if want, got := show(rows), show(got); want != got { // cmp takes forever on nested interfaces
			t.Errorf("%s: %s, want %s", ext, got, want)
		}
		if _, err := table.Create(out, deeper); err == nil || !strings.Contains(err.Error(), "column a: nested 65 deep") {
			t.Error(ext, err)
		}
	}
}

func TestErrorsNameTheFileOnce(t *testing.T) {
	dir := t.TempDir()
	for _, ext := range []string{".parquet", ".arrow", ".jsonl", ".csv", ".json", ".csv.gz"} {
		path := filepath.Join(dir, "none", "t"+ext)
		_, open := table.Open(path)
		_, create := table.Create(path, nested)
		for _, err := range []error{open, create} {
			if !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), path) != 1 {
				t.Error(err)
			}
		}
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	full := filepath.Join(dir, "full.jsonl")
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Fatal(err)
	}
	w, err := table.Create(full, &table.Schema{Fields: []table.Field{{Name: "a", Type: table.String}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(table.Row{"x"}); err == nil {
		err = w.Close()
		if err == nil || strings.Count(err.Error(), full) != 1 {
			t.Error(err)
		}
	}
}
