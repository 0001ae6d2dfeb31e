package table_test

import (
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/table"

	"github.com/google/go-cmp/cmp"
)

func TestWhere(t *testing.T) {
	path := file(t, "a.jsonl", `{"id":1,"lang":"zh","n":5,"f":0.5,"ok":true,"tags":["a","b"],"o":{"row":1},"a b":1}
{"id":2,"lang":"en","n":2,"f":-1.5,"ok":false,"tags":[],"o":{"row":2},"a b":2}
{"id":3,"lang":null,"n":null,"f":3,"ok":true,"tags":["b"],"o":null,"a b":3}
`)
	cases := []struct{ where, want string }{
		{"", "[1 2 3]"},
		{`lang == "zh" && n > 3`, "[1]"},
		{`lang contains "h"`, "[1]"},
		{`tags contains "b" && ok == true`, "[1 3]"},
		{`n != 5`, "[2 3]"},
		{`n == null || f <= -1.5`, "[2 3]"},
		{`lang != null`, "[1 2]"},
		{`!(id >= 2)`, "[1]"},
		{`id == 1 || id == 2 && n == 99`, "[1]"},
		{`(id == 1 || id == 2) && n == 2`, "[2]"},
		{`o.row > 1`, "[2]"},
		{`f >= 0.5`, "[1 3]"},
		{`f == 3`, "[3]"},
		{`id<2`, "[1]"},
		{"`a b` > 2", "[3]"},
		{`lang == "z\u0068"`, "[1]"},
	}
	for _, c := range cases {
		_, rows, err := table.Head(path, -1, c.where)
		ids := []any{}
		for _, r := range rows {
			ids = append(ids, r[0])
		}
		if err != nil || show(ids) != c.want {
			t.Errorf("%s: got %s, want %s, %v", c.where, show(ids), c.want, err)
		}
	}
	for where, want := range map[string]string{
		`x == 1`: `no column "x"`, `n = 1`: "want one of", `n == "1"`: "cannot be compared", `n ==`: "want a text", `(n == 1`: ") is missing",
		`n == 1 n`: "unexpected n", `n contains 1`: "cannot contain", `"n" == 1`: "want a column", `lang == "a`: "literal not terminated", `lang.x == 1`: `no column "x"`, `n == 1 & ok == true`: "unexpected &",
	} {
		if _, _, err := table.Head(path, 1, where); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestHeadCountCopy(t *testing.T) {
	in := file(t, "a.jsonl", "{\"a\":1}\n{bad\n{\"a\":2}\n{\"a\":3}\n")
	_, rows, err := table.Head(in, 2, "")
	if err != nil || show(rows) != "[[1] [2]]" {
		t.Error(show(rows), err)
	}
	if n, err := table.Count(in); n != 3 || err != nil {
		t.Error(n, err)
	}
	if _, err := table.Copy(filepath.Join(t.TempDir(), "b.parquet"), in); err == nil || !strings.Contains(err.Error(), "a.jsonl:2: invalid JSON") {
		t.Error(err)
	}
	from := filepath.Join(t.TempDir(), "x.arrow")
	write(t, from, nested, nestedRows)
	to := filepath.Join(t.TempDir(), "y.parquet")
	if n, err := table.Copy(to, from); n != 3 || err != nil {
		t.Error(n, err)
	}
	schema, rows := read(t, to)
	if diff := cmp.Diff(nested, schema) + cmp.Diff(nestedRows, rows); diff != "" {
		t.Error(diff)
	}
	want := map[string]any{"b": "o", "a": nil}
	if diff := cmp.Diff(want, schema.Map(rows[0])["origin"]); diff != "" {
		t.Error(diff)
	}
}
