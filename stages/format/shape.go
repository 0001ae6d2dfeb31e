package format

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"fettle/internal/config"
	"fettle/internal/table"
	"fettle/schemas"
)

// Shape turns rows of one kind into conversations.
type Shape interface {
	// Convert yields the conversations of a row, for one pass over the data (from 0). An error that is a *Bad rejects the row.
	Convert(r *Record, pass int) iter.Seq2[schemas.Conversation, error]
	// Passes says how often the rows are gone through, 1 or more.
	Passes() int
}

// columned is a shape that reads columns by name: must are those without which it makes no sense, may are those that a table
// of its kind can lack. A name that the settings changed must be there in any case.
type columned interface {
	columns() (must, may []string)
}

// check finds columns that the shape is told to read and the table does not have.
func check(s Shape, name string, fields []table.Field) error {
	c, ok := s.(columned)
	if !ok {
		return nil
	}
	have := map[string]bool{}
	var names []string
	for _, f := range fields {
		have[f.Name] = true
		names = append(names, f.Name)
	}
	must, may := c.columns()
	if usual, ok := config.New[Shape](name); ok {
		_, plain := usual.(columned).columns()
		for i, column := range may {
			if i >= len(plain) || column != plain[i] {
				must = append(must, column)
			}
		}
	}
	var missing []string
	for _, column := range must {
		if column != "" && !have[column] {
			missing = append(missing, strconv.Quote(column))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("shape %s: the rows have no column %s: they have %s", name, strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	return nil
}

// tokenised is a shape whose rows need neither template nor tokenizer.
type tokenised interface {
	encode(r *Record) (example, error)
}

// comparing is a shape whose answers may be there to be compared: then nothing but answers is learnt.
type comparing interface{ compares() bool }

// Examiner is a shape whose rows are documents that questions can be asked about.
type Examiner interface {
	Shape
	// Documents are the pieces of the row that a retriever finds.
	Documents(r *Record) ([]schemas.Doc, error)
	// Facts are the things that the row says, each to be asked for.
	Facts(r *Record) ([]Fact, error)
	// Ask words a question about a fact: as in training (held false) or as never in training.
	Ask(f Fact, held bool) string
}

// Fact is one answerable thing of a document.
type Fact struct {
	ID      string // of the fact: row id and its number
	Row     string // id of the row
	Group   string // unit of the split
	Lang    string
	Title   string
	What    string // what is asked for
	Answer  string
	Bones   string // the answer without what differs between languages: equal bones = the same fact
	DocID   string // of the document that holds it
	Context string // text of that document
}

// Bad is a row that its shape cannot use.
type Bad struct {
	Reason string // snake_case
	Detail string
}

func (b *Bad) Error() string { return b.Reason + ": " + b.Detail }

func bad(reason, format string, args ...any) *Bad {
	return &Bad{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Record is a row with its columns by name.
type Record struct {
	schemas.Origin
	Split  string
	fields []table.Field
	at     map[string]int
	values table.Row
}

// NewRecord makes a record from values in the order of fields; tests and the stage use it.
func NewRecord(o schemas.Origin, fields []table.Field, values table.Row) *Record {
	r := &Record{Origin: o, fields: fields, at: map[string]int{}, values: values}
	for i, f := range fields {
		r.at[f.Name] = i
	}
	return r
}

// Text is a string column; "" where the row has none.
func (r *Record) Text(column string) string {
	if i, ok := r.at[column]; ok {
		s, _ := r.values[i].(string)
		return s
	}
	return ""
}

// Has says whether the table has a column.
func (r *Record) Has(column string) bool { _, ok := r.at[column]; return ok }

// Value is a column as plain JSON-like values: string, float64, int64, bool, nil, []any, map[string]any.
func (r *Record) Value(column string) any {
	i, ok := r.at[column]
	if !ok {
		return nil
	}
	return plain(r.values[i], r.fields[i].Type)
}

func plain(v any, t table.Type) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	if elem, ok := t.Elem(); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = plain(e, elem)
		}
		return out
	}
	out := map[string]any{}
	for i, f := range t.Fields() {
		out[f.Name] = plain(list[i], f.Type)
	}
	return out
}

func register(name string, defaults Shape) { config.Register[Shape](name, defaults) }
