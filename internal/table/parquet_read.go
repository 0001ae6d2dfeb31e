package table

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

type parquetFile struct {
	file    *os.File
	pq      *parquet.File
	schema  *Schema
	columns []assembler
}

func openParquet(path string, _ *Schema) (_ decoder, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	defer guard(&err)
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	pq, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<16))
	if err != nil {
		return nil, err
	}
	d := &parquetFile{file: file, pq: pq, schema: &Schema{Meta: map[string]string{}}}
	if d.columns, err = planParquet(pq); err != nil {
		return nil, err
	}
	if err := checkChunks(pq); err != nil {
		return nil, err
	}
	for i := range d.columns {
		d.schema.Fields = append(d.schema.Fields, d.columns[i].field)
	}
	for _, kv := range pq.Metadata().KeyValueMetadata {
		d.schema.Meta[kv.Key] = kv.Value
	}
	return d, nil
}

// checkChunks refuses what parquet-go 0.32.0 would read wrongly without a word: columns that take no nulls and have some
// (ARROW-GH-47662), whose pages it fills up with whatever lies in memory behind them, and LZ4_RAW, where it drops the
// decompressed bytes of every page that did not shrink to a third, and never ends on a damaged one.
func checkChunks(pq *parquet.File) error {
	var required []bool
	var walk func(c *parquet.Column)
	walk = func(c *parquet.Column) {
		if c.Leaf() {
			required = append(required, c.MaxDefinitionLevel() == 0)
		}
		for _, child := range c.Columns() {
			walk(child)
		}
	}
	walk(pq.Root())
	for _, g := range pq.Metadata().RowGroups {
		for i := range min(len(g.Columns), len(required)) {
			meta := &g.Columns[i].MetaData
			if meta.Codec == format.Lz4Raw {
				return fmt.Errorf("compression LZ4_RAW is not supported: write the file with zstd or snappy")
			}
			if required[i] && meta.Statistics.NullCount > 0 {
				return fmt.Errorf("column %s takes no nulls and has %d", strings.Join(meta.PathInSchema, "."), meta.Statistics.NullCount)
			}
		}
	}
	return nil
}

func (d *parquetFile) Schema() *Schema { return d.schema }
func (d *parquetFile) NumRows() int64  { return d.pq.NumRows() }
func (d *parquetFile) Close() error    { return d.file.Close() }

func (d *parquetFile) cursor(columns []int, packed bool) (cursor, error) {
	c := &parquetCursor{groups: d.pq.RowGroups(), packed: packed}
	for _, i := range columns {
		c.columns = append(c.columns, &d.columns[i])
	}
	if n := len(d.columns); n > 0 {
		c.leaves = make([]leafCursor, d.columns[n-1].last)
	}
	return c, nil
}

// parquetCursor assembles rows, one row group after the other. It holds one page of each column that it reads.
type parquetCursor struct {
	groups  []parquet.RowGroup
	columns []*assembler
	leaves  []leafCursor
	packed  bool
	rows    int64 // left in the row group
}

func (c *parquetCursor) next() (row Row, err error) {
	defer guard(&err)
	for c.rows == 0 {
		if err := c.endGroup(); err != nil {
			return nil, err
		}
		if len(c.groups) == 0 {
			return nil, io.EOF
		}
		c.startGroup(c.groups[0])
		c.groups = c.groups[1:]
	}
	c.rows--
	row = make(Row, len(c.columns))
	for i, a := range c.columns {
		if row[i], err = c.value(a); err != nil {
			return nil, fmt.Errorf("column %s: %w", a.field.Name, err)
		}
	}
	return row, nil
}

func (c *parquetCursor) startGroup(g parquet.RowGroup) {
	c.rows = g.NumRows()
	chunks := g.ColumnChunks()
	for _, a := range c.columns {
		for i := a.first; i < a.last; i++ {
			c.leaves[i].reader = parquet.NewColumnChunkValueReader(chunks[i])
		}
	}
}

// endGroup closes the columns, which must be used up: a damaged file may hold more values than rows.
func (c *parquetCursor) endGroup() error {
	for _, a := range c.columns {
		for i := a.first; i < a.last; i++ {
			leaf := &c.leaves[i]
			if leaf.reader == nil {
				continue
			}
			if _, err := leaf.peek(); err == nil {
				return fmt.Errorf("column %s has more values than the row group has rows", a.field.Name)
			} else if err != io.EOF {
				return err
			}
			if err := leaf.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *parquetCursor) close() (err error) {
	defer guard(&err)
	for i := range c.leaves {
		if err := c.leaves[i].close(); err != nil {
			return err
		}
	}
	return nil
}

func (c *parquetCursor) value(a *assembler) (any, error) {
	v, err := c.peek(a.first)
	if err != nil {
		return nil, err
	}
	if v.DefinitionLevel() < a.def {
		return nil, c.skip(a)
	}
	switch a.field.Type.kind {
	case KindStruct:
		row := make(Row, len(a.in))
		for i := range a.in {
			if row[i], err = c.value(&a.in[i]); err != nil {
				return nil, err
			}
		}
		return row, nil
	case KindList:
		if v.DefinitionLevel() < a.full {
			return []any{}, c.skip(a)
		}
		if c.packed && packable(a.field.Type) && a.in[0].leaf != nil {
			return c.scalars(a)
		}
		return c.list(a)
	}
	c.leaves[a.first].at++
	return a.leaf(*v)
}

func (c *parquetCursor) peek(leaf int) (*parquet.Value, error) {
	v, err := c.leaves[leaf].peek()
	if err == io.EOF {
		return nil, fmt.Errorf("fewer values than rows: %w", io.ErrUnexpectedEOF)
	}
	return v, err
}

// skip takes the one null entry that each leaf below a has for an absent or empty value.
func (c *parquetCursor) skip(a *assembler) error {
	for i := a.first; i < a.last; i++ {
		if _, err := c.peek(i); err != nil {
			return err
		}
		c.leaves[i].at++
	}
	return nil
}

func (c *parquetCursor) list(a *assembler) (any, error) {
	list := []any{}
	for {
		e, err := c.value(&a.in[0])
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		v, err := c.leaves[a.first].peek()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err == io.EOF || v.RepetitionLevel() != a.rep {
			return list, nil
		}
	}
}

// leafCursor reads one column of a row group. A value is good until the next peek.
type leafCursor struct {
	reader parquet.ColumnChunkValueReader
	buf    []parquet.Value
	at, n  int
}

const leafBuffer = 512 // values

func (l *leafCursor) peek() (*parquet.Value, error) {
	if l.at == l.n {
		if l.buf == nil {
			l.buf = make([]parquet.Value, leafBuffer)
		}
		n, err := l.reader.ReadValues(l.buf)
		l.at, l.n = 0, n
		if n == 0 {
			if err == nil {
				err = io.ErrNoProgress
			}
			return nil, err
		}
	}
	return &l.buf[l.at], nil
}

func (l *leafCursor) close() error {
	if l.reader == nil {
		return nil
	}
	err := l.reader.Close()
	l.reader, l.at, l.n = nil, 0, 0
	return err
}
