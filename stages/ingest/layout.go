package ingest

import (
	"fmt"

	"fettle/internal/config"
	"fettle/internal/table"
	"fettle/schemas"
)

// layout is the table's schema, decided over all sources before the first row, and where each source's columns go in it.
type layout struct {
	schema *table.Schema
	place  [][]int // source -> its column -> column of the table
}

// origin are the columns that every table starts with.
var origin = []table.Field{{Name: "id", Type: table.String}, {Name: "source", Type: table.String}, {Name: "file", Type: table.String}, {Name: "row", Type: table.Int64}}

func union(sources []config.Choice[Source], env Env) (*layout, error) {
	l := &layout{schema: &table.Schema{Fields: append([]table.Field(nil), origin...)}}
	at := map[string]int{}
	for i, f := range origin {
		at[f.Name] = i
	}
	for _, c := range sources {
		columns, err := c.Value.Columns(env)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", c.Value.Label(), err)
		}
		var place []int
		for _, f := range columns {
			i, known := at[f.Name]
			switch {
			case known && i < len(origin):
				return nil, fmt.Errorf("source %s: column %q is fettle's own: rename it", c.Value.Label(), f.Name)
			case known && !l.schema.Fields[i].Type.Equal(f.Type):
				return nil, fmt.Errorf("source %s: column %q is %s here and %s in a source above", c.Value.Label(), f.Name, f.Type, l.schema.Fields[i].Type)
			case !known:
				i = len(l.schema.Fields)
				at[f.Name] = i
				l.schema.Fields = append(l.schema.Fields, f)
			}
			place = append(place, i)
		}
		l.place = append(l.place, place)
	}
	l.nullable(len(origin))
	return l, nil
}

// nullable marks the columns that some source lacks.
func (l *layout) nullable(from int) {
	for i := from; i < len(l.schema.Fields); i++ {
		have := 0
		for _, place := range l.place {
			for _, p := range place {
				if p == i {
					have++
				}
			}
		}
		if have < len(l.place) {
			l.schema.Fields[i].Nullable = true
		}
	}
}

func (l *layout) row(source int, label string, rec Record) table.Row {
	o := schemas.NewOrigin(label, rec.File, rec.Row)
	row := make(table.Row, len(l.schema.Fields))
	row[0], row[1], row[2], row[3] = o.ID, o.Source, o.File, o.Row
	for i, v := range rec.Values {
		row[l.place[source][i]] = v
	}
	return row
}
