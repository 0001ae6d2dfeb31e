package table

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

type arrowFile struct {
	data   []byte // mapped
	ipc    *ipc.FileReader
	schema *Schema
	rows   int64
}

func openArrow(path string, _ *Schema) (_ decoder, err error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unmap(data)
		}
	}()
	defer guard(&err)
	r, err := newIPC(data)
	if err != nil {
		return nil, err
	}
	if !r.Schema().IsNativeEndian() { // arrow-go would turn the bytes round in the file's mapping
		return nil, fmt.Errorf("written by a machine of the other byte order, which is not supported")
	}
	d := &arrowFile{data: data, ipc: r, schema: &Schema{Meta: r.Schema().Metadata().ToMap()}}
	if d.schema.Fields, err = fromArrow("", r.Schema().Fields()); err != nil {
		return nil, err
	}
	for i := range r.NumRecords() { // touches each batch's header only
		batch, err := r.RecordBatchAt(i)
		if err != nil {
			return nil, err
		}
		d.rows += batch.NumRows()
		batch.Release()
	}
	return d, nil
}

// newIPC reads batches as views of the data. Files with dictionaries, on which arrow-go 18.8.0 panics in that mode (it makes
// no memo for them), are read through copies of one batch at a time.
func newIPC(data []byte) (*ipc.FileReader, error) {
	view := func() (_ *ipc.FileReader, err error) {
		defer guard(&err)
		return ipc.NewMappedFileReader(data, ipc.WithEnsureNativeEndian(false))
	}
	if r, err := view(); err == nil {
		return r, nil
	}
	return ipc.NewFileReader(bytes.NewReader(data), ipc.WithEnsureNativeEndian(false))
}

func (d *arrowFile) Schema() *Schema { return d.schema }
func (d *arrowFile) NumRows() int64  { return d.rows }

func (d *arrowFile) Close() error {
	if d.data == nil {
		return nil
	}
	err := d.ipc.Close()
	if e := unmap(d.data); err == nil {
		err = e
	}
	d.data = nil
	return err
}

func (d *arrowFile) cursor(columns []int, packed bool) (cursor, error) {
	return &arrowCursor{file: d, columns: columns, packed: packed}, nil
}

// arrowCursor reads batch by batch. Rows are copies: nothing of them lies in the mapped file.
type arrowCursor struct {
	file    *arrowFile
	columns []int
	packed  bool
	batch   arrow.RecordBatch
	number  int // batch
	at      int // row of the batch
	get     []getter
}

func (c *arrowCursor) next() (row Row, err error) {
	if c.file.data == nil {
		return nil, os.ErrClosed
	}
	defer guard(&err)
	for c.batch == nil || c.at == int(c.batch.NumRows()) {
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	row = make(Row, len(c.columns))
	for i, get := range c.get {
		if row[i], err = get(c.at); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.file.schema.Fields[c.columns[i]].Name, err)
		}
	}
	c.at++
	return row, nil
}

func (c *arrowCursor) advance() error {
	c.close()
	if c.number == c.file.ipc.NumRecords() {
		return io.EOF
	}
	batch, err := c.file.ipc.RecordBatchAt(c.number)
	if err != nil {
		return err
	}
	c.batch, c.at, c.get = batch, 0, c.get[:0]
	c.number++
	for _, i := range c.columns {
		get, err := getterOf(batch.Column(i), c.packed)
		if err != nil {
			return err
		}
		c.get = append(c.get, get)
	}
	return nil
}

func (c *arrowCursor) close() error {
	if c.batch != nil {
		c.batch.Release()
		c.batch = nil
	}
	return nil
}
