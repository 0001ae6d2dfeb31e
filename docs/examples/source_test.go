package examples_test

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/table"
	"fettle/stages/ingest"
)

// Lines reads a text file: one row a line. In stages/ingest/lines.go it would register itself under its file's name:
// func init() { register("lines", &Lines{}) }
type Lines struct {
	Name string `json:"name" check:"required" jsonschema:"name of the source, carried by every row"`
	From string `json:"path" path:"file" check:"required" jsonschema:"text file"`
}

// Label is what the column source holds.
func (l *Lines) Label() string { return l.Name }

// Terms is the licence of the data; these lines carry none.
func (l *Lines) Terms() string { return "" }

// Columns are the source's own, after id, source, file and row.
func (l *Lines) Columns(ingest.Env) ([]table.Field, error) {
	return []table.Field{{Name: "text", Type: table.String}}, nil
}

// Read yields the rows in their order. An empty line cannot become a row: a Fault rejects it, and reading goes on.
func (l *Lines) Read(ctx context.Context, env ingest.Env) iter.Seq2[ingest.Record, error] {
	return func(yield func(ingest.Record, error) bool) {
		path := env.Path(l.From)
		f, err := os.Open(path)
		if err != nil {
			yield(ingest.Record{}, err) // any other error ends the stage
			return
		}
		defer f.Close()
		name := filepath.Base(path)
		scan := bufio.NewScanner(f)
		for row := int64(1); scan.Scan(); row++ {
			rec, err := ingest.Record{File: name, Row: row, Values: []any{scan.Text()}}, error(nil)
			if strings.TrimSpace(scan.Text()) == "" {
				err = &ingest.Fault{File: name, Row: row, Line: row, Reason: "empty_line", Detail: "nothing but white space"}
			}
			if !yield(rec, err) {
				return
			}
		}
		if err := scan.Err(); err != nil {
			yield(ingest.Record{}, fmt.Errorf("read %s: %w", path, err))
		}
	}
}

// A source is one file with a struct, its registration, Label, Columns and Read.
func Example_source() {
	dir, err := os.MkdirTemp("", "lines")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("first\n\nthird\n"), 0o644); err != nil {
		panic(err)
	}
	var s ingest.Source = &Lines{Name: "notes", From: "a.txt"}
	env := ingest.Env{Path: func(setting string) string { return filepath.Join(dir, setting) }}
	for rec, err := range s.Read(context.Background(), env) {
		fmt.Println(rec.File, rec.Row, rec.Values, err)
	}
	// Output:
	// a.txt 1 [first] <nil>
	// a.txt 2 [] a.txt:2: empty_line: nothing but white space
	// a.txt 3 [third] <nil>
}
