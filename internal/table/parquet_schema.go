package table

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// assembler is a column of a file as it is put together again from its leaves (Dremel's record assembly).
type assembler struct {
	field Field
	first int // leaf columns [first, last)
	last  int
	def   int // definition level from which the value is there (not null)
	full  int // list: definition level from which it has elements
	rep   int // list: repetition level of its second and later elements
	in    []assembler
	leaf  func(parquet.Value) (any, error)
}

// planner walks over a file's schema, whose elements are listed depth first.
type planner struct {
	elements []format.SchemaElement
	at       int
	leaves   int
}

func planParquet(f *parquet.File) (columns []assembler, err error) {
	defer guard(&err)
	p := &planner{elements: f.Metadata().Schema}
	p.at++ // the root
	for _, c := range f.Root().Columns() {
		a, err := p.column(c, c.Name(), 0, 0)
		if err != nil {
			return nil, err
		}
		columns = append(columns, a)
	}
	return columns, nil
}

// column plans one node. A repeated node that no LIST wraps is a list of its own.
func (p *planner) column(c *parquet.Column, path string, rep, def int) (assembler, error) {
	if c.Repeated() {
		return p.list(c, c, path, rep, def)
	}
	return p.value(c, path, rep, def)
}

func (p *planner) value(c *parquet.Column, path string, rep, def int) (assembler, error) {
	if c.Optional() {
		def++
	}
	if c.Leaf() {
		return p.leafOf(c, path, def)
	}
	if wrapsList(c) {
		p.at++
		return p.list(c, c.Columns()[0], path, rep, def)
	}
	return p.group(c, path, rep, def)
}

func (p *planner) group(c *parquet.Column, path string, rep, def int) (assembler, error) {
	p.at++
	a := assembler{first: p.leaves, def: def}
	var fields []Field
	for _, child := range c.Columns() {
		in, err := p.column(child, path+"."+child.Name(), rep, def)
		if err != nil {
			return a, err
		}
		a.in = append(a.in, in)
		fields = append(fields, in.field)
	}
	if len(fields) == 0 {
		return a, fmt.Errorf("column %s is a struct without fields", path)
	}
	a.last = p.leaves
	a.field = Field{Name: c.Name(), Type: Struct(fields...), Nullable: c.Optional()}
	return a, nil
}

// list plans the list that outer names and whose elements are repeated. def already counts outer's own level.
func (p *planner) list(outer, repeated *parquet.Column, path string, rep, def int) (assembler, error) {
	a := assembler{first: p.leaves, def: def, full: def + 1, rep: rep + 1}
	var elem assembler
	var err error
	switch {
	case repeated.Leaf():
		elem, err = p.leafOf(repeated, path, def+1)
	case elementIsGroup(outer, repeated):
		elem, err = p.group(repeated, path, rep+1, def+1)
	default: // the three-level form: the repeated group only wraps the element
		p.at++
		elem, err = p.column(repeated.Columns()[0], path, rep+1, def+1)
	}
	if err != nil {
		return a, err
	}
	a.in, a.last = []assembler{elem}, p.leaves
	a.field = Field{Name: outer.Name(), Type: ListOf(elem.field), Nullable: outer != repeated && outer.Optional()}
	return a, nil
}

// wrapsList says whether a group is a LIST or a MAP (a list of key and value).
func wrapsList(c *parquet.Column) bool {
	if len(c.Columns()) != 1 || !c.Columns()[0].Repeated() {
		return false
	}
	lt := c.Type().LogicalType()
	if lt == nil {
		return false
	}
	switch lt.Value.(type) {
	case *format.ListType, *format.MapType:
		return true
	}
	return false
}

// elementIsGroup tells the old two-level lists of structs by the backward compatibility rules of LogicalTypes.md.
func elementIsGroup(outer, repeated *parquet.Column) bool {
	if outer == repeated || len(repeated.Columns()) != 1 {
		return true
	}
	if _, ok := outer.Type().LogicalType().Value.(*format.MapType); ok {
		return true
	}
	return repeated.Name() == "array" || repeated.Name() == outer.Name()+"_tuple"
}

func (p *planner) leafOf(c *parquet.Column, path string, def int) (assembler, error) {
	element := &p.elements[p.at]
	p.at++
	t, convert, err := leafType(c, element)
	if err != nil {
		return assembler{}, fmt.Errorf("column %s: %w", path, err)
	}
	a := assembler{field: Field{Name: c.Name(), Type: t, Nullable: c.Optional()}, first: p.leaves, def: def, leaf: convert}
	p.leaves++
	a.last = p.leaves
	return a, nil
}
