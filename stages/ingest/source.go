package ingest

import (
	"context"
	"fmt"
	"iter"

	"fettle/internal/config"
	"fettle/internal/table"
)

// Source yields the records of one data source in a fixed order.
type Source interface {
	// Label is the name that the rows carry in their column source.
	Label() string
	// Terms is the licence of the data, for the dataset card; "" = not said.
	Terms() string
	// Columns are the source's own columns, after id, source, file and row. It may look at the data.
	Columns(Env) ([]table.Field, error)
	// Read yields the records; an error that is a *Fault rejects one record, any other ends the stage.
	Read(context.Context, Env) iter.Seq2[Record, error]
}

// Env is what a source may use.
type Env struct {
	Path func(setting string) string // resolves a path setting
	Skip func(file string)           // counts a file that the settings leave out
}

// Record is one row to be: where it starts and its values, in the order of Columns.
type Record struct {
	File   string // path inside the source, with /
	Row    int64  // line, from 1
	Values []any
}

// Fault is a record that cannot become a row.
type Fault struct {
	File   string
	Row    int64 // line where the record starts, 0 = unknown
	Line   int64 // line of the fault
	Reason string
	Detail string
	Raw    string
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Reason, f.Detail)
}

func register(name string, defaults Source) { config.Register[Source](name, defaults) }
