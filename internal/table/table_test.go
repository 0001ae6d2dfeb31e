package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"fettle/internal/table"

	"github.com/google/go-cmp/cmp"
)

var columnar = []string{".parquet", ".arrow"}

// nested has every type, nulls at every depth, and names in no alphabetical order.
var nested = &table.Schema{
	Fields: []table.Field{
		{Name: "zeta", Type: table.String},
		{Name: "alpha", Type: table.Int64, Nullable: true},
		{Name: "small", Type: table.Int32},
		{Name: "f", Type: table.Float64, Nullable: true},
		{Name: "g", Type: table.Float32},
		{Name: "yes", Type: table.Bool, Nullable: true},
		{Name: "raw", Type: table.Bytes, Nullable: true},
		{Name: "when", Type: table.Timestamp, Nullable: true},
		{Name: "tokens", Type: table.List(table.Int32)},
		{Name: "tags", Type: table.ListOf(table.Field{Type: table.String, Nullable: true}), Nullable: true},
		{Name: "messages", Type: table.List(table.Struct(
			table.Field{Name: "role", Type: table.String},
			table.Field{Name: "content", Type: table.String, Nullable: true},
			table.Field{Name: "calls", Type: table.List(table.Struct(table.Field{Name: "name", Type: table.String}, table.Field{Name: "args", Type: table.List(table.String), Nullable: true}))},
		))},
		{Name: "origin", Type: table.Struct(table.Field{Name: "b", Type: table.String}, table.Field{Name: "a", Type: table.Int64, Nullable: true}), Nullable: true},
		{Name: "deep", Type: table.ListOf(table.Field{Type: table.List(table.Int64), Nullable: true})},
	},
	Meta: map[string]string{"z": "1", "a": "é", "m": ""},
}

func list(v ...any) []any { return append([]any{}, v...) }

var nestedRows = []table.Row{
	{"中文，混排 text", int64(1<<53 + 1), int64(-7), 0.1, 0.5, true, []byte{0, 255}, time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		list(int64(1), int64(2), int64(-3)), list("a", nil, ""),
		list(list("user", "你好", list()), list("assistant", nil, list(list("f", list("x", "y")), list("g", nil), list("h", list())))),
		list("o", nil), list(list(int64(1)), nil, list(), list(int64(2), int64(3)))},
	{"", nil, int64(1<<31 - 1), nil, -1.0, nil, nil, nil, list(), nil, list(), nil, list()},
	{"x", int64(-1 << 63), int64(-1 << 31), 1e300, 0.0, false, []byte{}, time.Unix(-1, 0).UTC(), list(int64(9)), list(), list(list("", "", list())), list("", int64(5)), list(nil)},
}

func write(t testing.TB, path string, s *table.Schema, rows []table.Row) {
	t.Helper()
	w, err := table.Create(path, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) (*table.Schema, []table.Row) {
	t.Helper()
	r, err := table.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rows []table.Row
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if n := r.NumRows(); n != int64(len(rows)) {
		t.Errorf("NumRows = %d, read %d", n, len(rows))
	}
	return r.Schema(), rows
}

func TestRoundTrip(t *testing.T) {
	for _, ext := range columnar {
		t.Run(ext, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t"+ext)
			write(t, path, nested, nestedRows)
			schema, rows := read(t, path)
			if diff := cmp.Diff(nested, schema); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(nestedRows, rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoRows(t *testing.T) {
	for _, ext := range columnar {
		path := filepath.Join(t.TempDir(), "t"+ext)
		write(t, path, nested, nil)
		schema, rows := read(t, path)
		if diff := cmp.Diff(nested, schema); diff != "" || len(rows) != 0 {
			t.Error(ext, diff, rows)
		}
	}
}

func many(n int) []table.Row {
	rows := make([]table.Row, n)
	for i := range rows {
		rows[i] = append(table.Row{fmt.Sprint(i)}, nestedRows[i%len(nestedRows)][1:]...)
	}
	return rows
}

func TestManyRowsAndSelect(t *testing.T) {
	rows := many(20_001)
	for _, ext := range columnar {
		path := filepath.Join(t.TempDir(), "t"+ext)
		write(t, path, nested, rows)
		_, got := read(t, path)
		if !reflect.DeepEqual(rows, got) {
			t.Error(ext, "rows differ")
		}
		r, err := table.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for row, err := range r.Select("messages", "zeta") {
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(table.Row{rows[i][10], rows[i][0]}, row) {
				t.Fatal(ext, i, row)
			}
			i++
		}
		for _, err := range r.Select("nope") {
			if err == nil || !strings.Contains(err.Error(), `no column "nope"`) {
				t.Error(err)
			}
		}
		r.Close()
	}
}

func TestSameBytes(t *testing.T) {
	for _, ext := range columnar {
		a, b := filepath.Join(t.TempDir(), "a"+ext), filepath.Join(t.TempDir(), "b"+ext)
		write(t, a, nested, many(9000))
		write(t, b, nested, many(9000))
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if !bytes.Equal(x, y) {
			t.Error(ext, "differs")
		}
	}
}

func TestRefuse(t *testing.T) {
	one := func(f table.Field) *table.Schema { f.Name = "c"; return &table.Schema{Fields: []table.Field{f}} }
	cases := []struct {
		name   string
		schema *table.Schema
		row    table.Row
		want   string
	}{
		{"null", one(table.Field{Type: table.String}), table.Row{nil}, "column c: null"},
		{"wrong type", one(table.Field{Type: table.String}), table.Row{int64(1)}, "column c: want string, got int64"},
		{"range", one(table.Field{Type: table.Int32}), table.Row{int64(1 << 31)}, "does not fit int32"},
		{"utf-8", one(table.Field{Type: table.String}), table.Row{"a\xff"}, "not UTF-8"},
		{"utf-8 in a slice", one(table.Field{Type: table.List(table.String)}), table.Row{[]string{"a\xff"}}, "element 0: text is not UTF-8"},
		{"nanoseconds", one(table.Field{Type: table.Timestamp}), table.Row{time.Unix(0, 1)}, "does not fit microseconds"},
		{"too many", one(table.Field{Type: table.String}), table.Row{"a", "b"}, "row has 2 values"},
		{"null element", one(table.Field{Type: table.List(table.Int64)}), table.Row{list(nil)}, "element 0: null"},
		{"no columns", &table.Schema{}, nil, "at least one column"},
		{"empty struct", one(table.Field{Type: table.Struct()}), nil, "struct without fields"},
		{"no type", one(table.Field{}), nil, "has no type"},
		{"twice", &table.Schema{Fields: []table.Field{{Name: "a", Type: table.Bool}, {Name: "a", Type: table.Bool}}}, nil, "unique"},
	}
	for _, ext := range columnar {
		for _, c := range cases {
			path := filepath.Join(t.TempDir(), "t"+ext)
			w, err := table.Create(path, c.schema)
			if err == nil {
				err = w.Write(c.row)
				w.Abort()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: got %v, want %q", ext, c.name, err, c.want)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s %s: file is left", ext, c.name)
			}
		}
	}
}

func TestRefusedRowHarmsNoOther(t *testing.T) {
	for _, ext := range columnar {
		path := filepath.Join(t.TempDir(), "t"+ext)
		w, err := table.Create(path, nested)
		if err != nil {
			t.Fatal(err)
		}
		bad := append(table.Row{}, nestedRows[0]...)
		bad[12] = "no list"
		for _, r := range []table.Row{nestedRows[0], bad, nestedRows[1]} {
			w.Write(r)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, rows := read(t, path); len(rows) != 2 {
			t.Error(ext, len(rows))
		}
	}
}

func TestUnknownExtension(t *testing.T) {
	_, err := table.Open("a.txt")
	if err == nil || !strings.Contains(err.Error(), ".parquet") {
		t.Error(err)
	}
}
