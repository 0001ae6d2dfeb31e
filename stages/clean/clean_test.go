package clean_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/table"
	"fettle/stages/clean"
)

// golden reads a JSON Lines file of the reference data.
func golden[T any](t *testing.T, name string) (out []T) {
	t.Helper()
	f, err := os.Open(shared.Path(t, "golden/clean/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// row is an input row of a test.
type row struct{ ID, Text string }

var textSchema = &table.Schema{Fields: []table.Field{
	{Name: "id", Type: table.String}, {Name: "source", Type: table.String}, {Name: "file", Type: table.String}, {Name: "row", Type: table.Int64},
	{Name: "text", Type: table.String, Nullable: true}, {Name: "lang", Type: table.String, Nullable: true},
}}

// stream makes documents with the column text (and lang, always null).
func stream(t *testing.T, rows []row) clean.Stream {
	t.Helper()
	l, err := clean.NewLayout(textSchema, []string{"text"}, "split")
	if err != nil {
		t.Fatal(err)
	}
	counts := &clean.Counts{}
	return func(yield func(*clean.Document, error) bool) {
		for i, r := range rows {
			if !yield(clean.NewDocument(table.Row{r.ID, "test", "f", int64(i), r.Text, nil, nil}, l, counts)) {
				return
			}
		}
	}
}

func env(t *testing.T, workers int) clean.Env {
	return clean.Env{Context: t.Context(), Workers: workers, Path: func(s string) string { return s }, Scratch: t.TempDir(), Name: "op"}
}

// fate is what became of a row.
type fate struct {
	ID, Reason string
	Numbers    map[string]any
	Text       string
}

// run sends rows through one operator.
func run(t *testing.T, op clean.Operator, workers int, rows []row) (out []fate) {
	t.Helper()
	for d, err := range clean.Chain(env(t, workers), op, stream(t, rows)) {
		if err != nil {
			t.Fatal(err)
		}
		_, v := d.Dropped()
		out = append(out, fate{d.ID, v.Reason, v.Numbers, d.Text()})
	}
	return out
}

// texts are rows with the numbers 0, 1 ... as ids.
func texts(list ...string) (rows []row) {
	for i, s := range list {
		rows = append(rows, row{string(rune('a' + i)), s})
	}
	return rows
}

func reasons(fates []fate) (out []string) {
	for _, f := range fates {
		out = append(out, f.Reason)
	}
	return out
}
