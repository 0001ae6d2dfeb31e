package clean

import (
	"fmt"
	"strings"

	"fettle/internal/table"
)

// Layout says where in a row the origin, the cleaned texts and the columns that operators ask for are.
type Layout struct {
	Schema  *table.Schema // of what is written
	added   int           // columns at its end that operators fill
	origin  [4]int
	at      map[string]int
	columns []column
	texts   map[string]int // scalar text column -> place in columns
}

// column is a text column, or the texts inside a nested one.
type column struct {
	name  string
	at    int
	visit visitor
}

// visitor hands every text below a value to edit and puts back what it returns.
type visitor func(value any, edit func(string) string) any

// NewLayout finds the columns. A name may lead into nested values: `messages.content` are the texts `content` of all
// elements of the list messages. Added columns are appended as text.
func NewLayout(in *table.Schema, columns []string, added ...string) (*Layout, error) {
	l := &Layout{Schema: &table.Schema{Fields: append([]table.Field(nil), in.Fields...), Meta: in.Meta}, at: map[string]int{}, texts: map[string]int{}}
	for _, name := range added {
		if in.Index(name) >= 0 {
			return nil, fmt.Errorf("the rows already have a column %q: leave out the operator that adds it, or rename the column at ingest", name)
		}
		l.Schema.Fields = append(l.Schema.Fields, table.Field{Name: name, Type: table.String})
		l.added++
	}
	for i, f := range l.Schema.Fields {
		l.at[f.Name] = i
	}
	for i, name := range []string{"id", "source", "file", "row"} {
		at, ok := l.at[name]
		if !ok {
			return nil, fmt.Errorf("the rows have no column %q: they are not ingest's", name)
		}
		l.origin[i] = at
	}
	for i, name := range columns {
		c, scalar, err := l.find(name)
		if err != nil {
			return nil, fmt.Errorf("columns[%d]: %w", i, err)
		}
		if scalar {
			l.texts[name] = i
		}
		l.columns = append(l.columns, c)
	}
	return l, nil
}

func (l *Layout) find(name string) (c column, scalar bool, err error) {
	head, rest := name, ""
	if _, whole := l.at[name]; !whole {
		head, rest, _ = strings.Cut(name, ".")
	}
	at, ok := l.at[head]
	if !ok {
		return c, false, fmt.Errorf("no column %q; there are %s", head, strings.Join(l.names(), ", "))
	}
	t := l.Schema.Fields[at].Type
	visit, err := visitorOf(t, rest)
	if err != nil {
		return c, false, fmt.Errorf("column %q: %w", name, err)
	}
	return column{name, at, visit}, t.Kind() == table.KindString, nil
}

// Require checks that an operator's scalar column exists.
func (l *Layout) Require(name string) error {
	at, ok := l.at[name]
	if !ok {
		return fmt.Errorf("no column %q; there are %s", name, strings.Join(l.names(), ", "))
	}
	switch l.Schema.Fields[at].Type.Kind() {
	case table.KindList, table.KindStruct, table.KindBytes:
		return fmt.Errorf("column %q is %s, want text or a number", name, l.Schema.Fields[at].Type)
	}
	return nil
}

// draft is the schema of rows that are still on their way: added columns may be empty.
func (l *Layout) draft() *table.Schema {
	s := &table.Schema{Fields: append([]table.Field(nil), l.Schema.Fields...), Meta: l.Schema.Meta}
	for i := len(s.Fields) - l.added; i < len(s.Fields); i++ {
		s.Fields[i].Nullable = true
	}
	return s
}

func (l *Layout) names() []string {
	var names []string
	for _, f := range l.Schema.Fields {
		names = append(names, f.Name)
	}
	return names
}

func (l *Layout) visit(row table.Row, edit func(string) string) {
	for _, c := range l.columns {
		row[c.at] = c.visit(row[c.at], edit)
	}
}

// visitorOf walks a type along the rest of a dotted name; lists are passed through.
func visitorOf(t table.Type, rest string) (visitor, error) {
	switch t.Kind() {
	case table.KindString:
		if rest != "" {
			return nil, fmt.Errorf("a text has no part %q", rest)
		}
		return editText, nil
	case table.KindList:
		elem, _ := t.Elem()
		inner, err := visitorOf(elem, rest)
		return editList(inner), err
	case table.KindStruct:
		head, rest, _ := strings.Cut(rest, ".")
		for i, f := range t.Fields() {
			if f.Name == head {
				inner, err := visitorOf(f.Type, rest)
				return editField(i, inner), err
			}
		}
		return nil, fmt.Errorf("want the name of a text inside %s, as in messages.content", t)
	}
	return nil, fmt.Errorf("is %s, want text", t)
}

func editText(v any, edit func(string) string) any {
	if s, ok := v.(string); ok {
		return edit(s)
	}
	return v // null
}

func editList(inner visitor) visitor {
	return func(v any, edit func(string) string) any {
		list, _ := v.([]any)
		for i := range list {
			list[i] = inner(list[i], edit)
		}
		return v
	}
}

func editField(i int, inner visitor) visitor {
	return func(v any, edit func(string) string) any {
		if fields, ok := v.([]any); ok {
			fields[i] = inner(fields[i], edit)
		}
		return v
	}
}
