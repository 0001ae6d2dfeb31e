package table_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"fettle/internal/table"

	"github.com/google/go-cmp/cmp"
)

func TestJSONFiles(t *testing.T) {
	type result struct {
		rows  []table.Row
		lines []int64 // of the rows that could not be read
	}
	tests := []struct {
		name, in string
		want     result
	}{
		{"array", "[\n {\"a\": \"x\", \"b\": [1, 2]},\n {\"a\": \"]},{\\\"\", \"b\": []}\n]\n", result{rows: []table.Row{{"x", []any{int64(1), int64(2)}}, {"]},{\"", []any{}}}}},
		{"array on one line", `[{"a":"x"},{"a":"中文"}]`, result{rows: []table.Row{{"x"}, {"中文"}}}},
		{"really lines", "{\"a\": \"x\"}\n\n{\"a\": \"y\"}\n", result{rows: []table.Row{{"x"}, {"y"}}}},
		{"a bad object costs only itself", "[\n{\"a\": \"x\"},\n{\"a\" \"y\"},\n{\"a\": \"z\"}\n]", result{rows: []table.Row{{"x"}, {"z"}}, lines: []int64{3}}},
		{"no objects", "[1, \"s\", {\"a\": \"x\"}]", result{rows: []table.Row{{"x"}}, lines: []int64{1, 1}}},
		{"a bracket too many costs only itself", "[\n{\"a\": \"w\"}},\n{\"a\": \"x\"},\n{\"a\": [1]]},\n{\"a\": \"z\"}]", result{rows: []table.Row{{"w"}, {"x"}, {"z"}}, lines: []int64{2, 4, 4}}},
		{"a list between objects", "[{\"a\": \"x\"},\n[1]]", result{rows: []table.Row{{"x"}}, lines: []int64{2}}},
		{"lists", "[[1],\n[2]]", result{rows: []table.Row{{[]any{int64(1)}}, {[]any{int64(2)}}}}},
		{"byte order mark", "\ufeff[{\"a\":\"x\"}]", result{rows: []table.Row{{"x"}}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.json")
			if err := os.WriteFile(path, []byte(tc.in), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := table.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var got result
			for row, err := range r.Rows() {
				var bad *table.RowError
				switch {
				case errors.As(err, &bad):
					got.lines = append(got.lines, bad.Line)
				case err != nil:
					t.Fatal(err)
				default:
					got.rows = append(got.rows, row)
				}
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
