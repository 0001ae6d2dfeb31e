package table_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/table"

	"github.com/google/go-cmp/cmp"
)

// load opens a text table, or one with a declared schema, and gives rows and faults ("line: reason") apart.
func load(t testing.TB, path string, declared *table.Schema) (*table.Schema, []table.Row, []string) {
	t.Helper()
	r, err := table.OpenAs(path, declared)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var rows []table.Row
	var faults []string
	for row, err := range r.Rows() {
		var fault *table.RowError
		switch {
		case errors.As(err, &fault):
			faults = append(faults, strings.TrimPrefix(err.Error(), "read "+path+":"))
		case err != nil:
			t.Fatal(err)
		default:
			rows = append(rows, row)
		}
	}
	if n := r.NumRows(); declared == nil && n != int64(len(rows)) {
		t.Errorf("NumRows = %d, read %d", n, len(rows))
	}
	return r.Schema(), rows, faults
}

func file(t testing.TB, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestJSONLInference(t *testing.T) {
	cases := []struct{ name, in, types, mixed, rows string }{
		{"scalars", `{"s":"a","i":1,"f":0.5,"b":true}`, "s string, i int64, f float64, b bool", "", `[["a" 1 0.5 true]]`},
		{"null in the first row", "{\"a\":null}\n{\"a\":2}", "a int64?", "", "[[nil] [2]]"},
		{"missing, and a late column", "{\"a\":1}\n{\"b\":\"x\"}", "a int64?, b string?", "", `[[1 nil] [nil "x"]]`},
		{"null everywhere", `{"a":null}`, "a string?", "", "[[nil]]"},
		{"integers stay exact", `{"a":9007199254740993}`, "a int64", "", "[[9007199254740993]]"},
		{"beyond int64", "{\"a\":18446744073709551616}\n{\"a\":1}", "a string", "", `[["18446744073709551616"] ["1"]]`},
		{"whole and fraction", "{\"a\":1}\n{\"a\":0.5}", "a float64", "", "[[1.0] [0.5]]"},
		{"large whole and fraction", "{\"a\":9007199254740993}\n{\"a\":0.5}", "a string", "", `[["9007199254740993"] ["0.5"]]`},
		{"beyond float64", `{"a":1e999}`, "a string", "", `[["1e999"]]`},
		{"history of three kinds", "{\"h\":\"\"}\n{\"h\":[[\"q\",\"a\"]]}\n{\"h\":null}", "h string?", "h", `[[""] ["[[\"q\",\"a\"]]"] [nil]]`},
		{"mixed below", `{"m":[{"v":1},{"v":{"k":2}}]}`, "m list<struct<v string>>", "m.v", `[[[["1"] ["{\"k\":2}"]]]]`},
		{"messages", `{"m":[{"role":"user","content":"嗨"},{"role":"tool","content":null,"id":"1"}]}`, "m list<struct<role string, content string?, id string?>>", "", `[[[["user" "嗨" nil] ["tool" nil "1"]]]]`},
		{"empty list and object", `{"l":[],"o":{}}`, "l list<string>, o string", "", `[[[] "{}"]]`},
		{"separators inside text", "{\"s\":\"a\u2028b\u0085c\"}", "s string", "", `[["a\u2028b\u0085c"]]`},
		{"byte order mark, blank lines, CRLF", "\uFEFF{\"a\":1}\r\n\r\n  \n{\"a\":2}", "a int64", "", "[[1] [2]]"},
		{"lists as lines", `[{"prompt":"p"}]`, "value list<struct<prompt string>>", "", `[[[["p"]]]]`},
		{"nothing", "", "", "", "[]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			schema, rows, faults := load(t, file(t, "a.jsonl", c.in), nil)
			got := strings.TrimSuffix(strings.TrimPrefix(table.Struct(schema.Fields...).String(), "struct<"), ">")
			if diff := cmp.Diff([]string{c.types, c.mixed, c.rows}, []string{got, schema.Meta[table.MixedKey], show(rows)}); diff != "" || faults != nil {
				t.Error(diff, faults)
			}
		})
	}
}

func TestJSONLFaults(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"duplicate key", `{"a":1,"a":2}`, `2: invalid JSON at byte 7: duplicate object member name`},
		{"nested duplicate key", `{"o":{"a":1,"a":2}}`, `2: invalid JSON at byte 12: duplicate object member name`},
		{"invalid UTF-8", "{\"a\":\"x\xff\"}", `2: invalid JSON at byte 7: invalid UTF-8`},
		{"lone surrogate", `{"a":"\ud800"}`, `2: invalid JSON at byte 6: invalid`},
		{"cut", `{"a":`, `2: invalid JSON`},
		{"two values", `{"a":1}{"a":2}`, `2: more than one value`},
		{"empty key", `{"":1}`, `2: a key is empty`},
		{"scalar", `5`, `2: the line is no JSON object`},
		{"not JSON", `a: 1`, `2: invalid JSON`},
		{"NaN", `{"a":NaN}`, `2: invalid JSON`},
		{"too deep", strings.Repeat("[", 100_000), `2: nested 100000 deep, which must be at most 64`},
		{"too deep below", `{"a":"[\"[","b":` + strings.Repeat(`{"k":[`, 32) + strings.Repeat("]}", 32) + "}", `2: nested 65 deep, which must be at most 64`},
		{"list between objects", `[1,2]`, `2: a list, and other rows are objects`},
	}
	for _, c := range cases {
		_, rows, faults := load(t, file(t, "a.jsonl", "{\"a\":1}\n"+c.in+"\n{\"a\":3}\n"), nil)
		if show(rows) != "[[1] [3]]" || len(faults) != 1 || !strings.HasPrefix(faults[0], c.want) {
			t.Errorf("%s: rows %s, faults %q", c.name, show(rows), faults)
		}
	}
}

func TestJSONLDeclared(t *testing.T) {
	declared := &table.Schema{Fields: []table.Field{{Name: "n", Type: table.Int32}, {Name: "s", Type: table.String, Nullable: true}, {Name: "f", Type: table.Float64, Nullable: true}}}
	in := `{"n":1,"s":"a","more":[1]}
{"n":3000000000}
{"n":"1"}
{"s":"a"}
{"n":2,"s":5}
{"n":1.5}
{"n":null}
{"n":3,"f":2}
{"n":4,"f":9007199254740993}`
	_, rows, faults := load(t, file(t, "a.jsonl", in), declared)
	want := []string{
		"2: column n: 3000000000 does not fit int32",
		`3: column n is the text "1", must be int32`,
		`4: no column "n"`,
		"5: column s is the number 5, must be string",
		"6: column n: 1.5 is no int64",
		"7: column n is null",
		"9: column f: 9007199254740993 has no exact float64",
	}
	if diff := cmp.Diff(want, faults); diff != "" || show(rows) != `[[1 "a" nil] [3 nil 2.0]]` {
		t.Error(diff, show(rows))
	}
}

func TestJSONLRoundTrip(t *testing.T) {
	for _, ext := range []string{".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst"} {
		path := filepath.Join(t.TempDir(), "t"+ext)
		write(t, path, nested, nestedRows)
		_, rows, faults := load(t, path, nested)
		if diff := cmp.Diff(nestedRows, rows); diff != "" || faults != nil {
			t.Error(ext, diff, faults)
		}
		typed := filepath.Join(t.TempDir(), "typed"+ext)
		save(t, typed, everythingRows())
		if diff := cmp.Diff(everythingRows(), collect[everything](t, typed), cmp.AllowUnexported(everything{})); diff != "" {
			t.Error(ext, diff)
		}
	}
}

func TestJSONLCompressed(t *testing.T) {
	var b bytes.Buffer
	for _, part := range []string{"{\"a\":1}\n", "{\"a\":2}\n"} { // two members, as cat a.gz b.gz makes them
		z := gzip.NewWriter(&b)
		z.Write([]byte(part))
		z.Close()
	}
	_, rows, _ := load(t, file(t, "a.jsonl.gz", b.String()), nil)
	if show(rows) != "[[1] [2]]" {
		t.Error(show(rows))
	}
	if _, err := table.Open(file(t, "cut.jsonl.gz", b.String()[:b.Len()-5])); err == nil {
		t.Error("a cut file is no error")
	}
	utf16 := "\xff\xfe"
	for _, c := range "{\"a\":\"é\"}\n" {
		utf16 += string([]byte{byte(c), 0})
	}
	_, rows, _ = load(t, file(t, "a.jsonl", utf16), nil)
	if show(rows) != `[["é"]]` {
		t.Error(show(rows))
	}
}

func TestJSONLongLine(t *testing.T) {
	in := "{\"a\":1}\n{\"a\":\"" + strings.Repeat("x", 65<<20) + "\"}\n{\"a\":3}\n"
	_, rows, faults := load(t, file(t, "a.jsonl", in), nil)
	if diff := cmp.Diff([]string{"2: the line is longer than 64 MiB"}, faults); diff != "" || show(rows) != "[[1] [3]]" {
		t.Error(diff, show(rows))
	}
}

func TestJSONLRefusesNaN(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.jsonl")
	w, err := table.Create(path, &table.Schema{Fields: []table.Field{{Name: "f", Type: table.Float64}}})
	if err != nil {
		t.Fatal(err)
	}
	nan := w.Write(table.Row{nan()})
	one := w.Write(table.Row{1.0})
	if nan == nil || one != nil || w.Close() != nil {
		t.Error(nan, one)
	}
	if data, _ := os.ReadFile(path); string(data) != "{\"f\":1}\n" {
		t.Errorf("%q", data)
	}
}

func TestJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/tables/JSONTestSuite/test_parsing"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		_, rows, faults := load(t, file(t, "a.jsonl", string(data)), nil)
		switch one := strings.TrimSpace(string(data)); {
		case name[0] == 'n' && len(rows) > 0:
			t.Errorf("%s: read as %s", name, show(rows))
		case name[0] != 'y' || strings.ContainsAny(one, "\n") || !strings.ContainsAny(one[:1], "[{"):
		case strings.HasPrefix(name, "y_object_duplicated_key"), name == "y_object_empty_key.json": // legal JSON, not a table
			if len(faults) != 1 {
				t.Errorf("%s: %s", name, show(rows))
			}
		case len(rows) != 1 || faults != nil:
			t.Errorf("%s: %s %q", name, show(rows), faults)
		}
	}
}

// FuzzJSONL: any bytes give rows and faults, one for each line that is not blank; what was read is written and read back
// the same.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n", "{\"a\":[{\"b\":null},{}]}\n[1]\n\"x\"", "\xff\xfe{\x00}\x00", "{\"\":1}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":{}}}\n{\"a\":[]}", "\ufeff\n\n{\"a\":-0}\n{\"a\":1e5}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := file(t, "a.jsonl", string(data))
		r, err := table.Open(in)
		if err != nil {
			return
		}
		r.Close()
		schema, rows, _ := load(t, in, nil)
		if len(schema.Fields) == 0 {
			return
		}
		out := filepath.Join(t.TempDir(), "b.jsonl")
		write(t, out, schema, rows)
		_, again, faults := load(t, out, schema)
		if diff := cmp.Diff(rows, again); diff != "" || faults != nil {
			t.Error(diff, faults)
		}
		columnar := filepath.Join(t.TempDir(), "b.parquet")
		write(t, columnar, schema, rows)
		if _, again := read(t, columnar); !cmp.Equal(rows, again) {
			t.Error(cmp.Diff(rows, again))
		}
	})
}
