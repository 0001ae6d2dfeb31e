package table

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"fettle/internal/lfs"
)

// Row is one row in schema order: nil, string, int64, float64, bool, []byte, time.Time (UTC), []any for a list or a struct.
// Writers also take int, int32, float32 and, for lists, slices of scalars such as []int32.
type Row = []any

// Reader is an open table. Its methods are for one goroutine at a time; Rows may be called again and starts over.
type Reader struct {
	path string
	dec  decoder
}

// Open opens a table by its extension. The schema of a text format is decided over all its rows, in one more pass.
func Open(path string) (*Reader, error) { return OpenAs(path, nil) }

// OpenAs opens a text table whose schema is known: a row that does not fit is a *RowError. For Parquet and Arrow, which
// bring their schema along, it does what Open does.
func OpenAs(path string, declared *Schema) (*Reader, error) {
	c, _, err := codecOf(path)
	if err != nil {
		return nil, err
	}
	if err := lfs.CheckFile(path); err != nil {
		return nil, inFile("open", path, err)
	}
	dec, err := c.open(path, declared)
	if err != nil {
		return nil, inFile("open", path, err)
	}
	return &Reader{path: path, dec: dec}, nil
}

// Schema is the table's; callers must not change it.
func (r *Reader) Schema() *Schema { return r.dec.Schema() }

// NumRows is the number of rows, or -1 for a text table opened with OpenAs, which would have to be read first.
func (r *Reader) NumRows() int64 { return r.dec.NumRows() }

// Close releases the file. No row depends on it any more.
func (r *Reader) Close() error { return r.dec.Close() }

// Rows yields all rows. After a *RowError it goes on with the next row; any other error is the last thing it yields.
// The caller owns the rows.
func (r *Reader) Rows() iter.Seq2[Row, error] { return rowsOf(r.Lines()) }

// Numbered is a row and where it starts.
type Numbered struct {
	Line int64 // from 1; for .parquet and .arrow the row's number, from 1
	Row  Row   // nil for a row that could not be read
}

// Lines is Rows with the line where each row starts, also of one that could not be read.
func (r *Reader) Lines() iter.Seq2[Numbered, error] {
	all := make([]int, len(r.Schema().Fields))
	for i := range all {
		all[i] = i
	}
	return r.lines(all, false)
}

// Select yields rows of some columns only, in the order asked for; the others are not decoded where the format allows.
func (r *Reader) Select(names ...string) iter.Seq2[Row, error] {
	columns := make([]int, len(names))
	for i, name := range names {
		if columns[i] = r.Schema().Index(name); columns[i] < 0 {
			err := fmt.Errorf("read %s: no column %q", r.path, name)
			return func(yield func(Row, error) bool) { yield(nil, err) }
		}
	}
	return rowsOf(r.lines(columns, false))
}

func rowsOf(lines iter.Seq2[Numbered, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for at, err := range lines {
			if !yield(at.Row, err) {
				return
			}
		}
	}
}

func (r *Reader) lines(columns []int, packed bool) iter.Seq2[Numbered, error] {
	return func(yield func(Numbered, error) bool) {
		c, err := r.dec.cursor(columns, packed)
		if err != nil {
			yield(Numbered{}, inFile("read", r.path, err))
			return
		}
		defer c.close()
		for n := int64(1); ; n++ {
			row, err := c.next()
			at := Numbered{Line: n, Row: row}
			if c, ok := c.(interface{ at() int64 }); ok {
				at.Line = c.at()
			}
			switch {
			case err == nil, isRowError(err):
				if !yield(at, err) {
					return
				}
			case err == io.EOF:
				return
			default:
				yield(at, inFile(fmt.Sprintf("read row %d of", n), r.path, err))
				return
			}
		}
	}
}

// Writer writes a table. A row that does not fit the schema is refused without harm to the others; a failed disk write is
// final, every later call repeats it.
type Writer struct {
	path   string
	schema *Schema
	file   *os.File
	enc    encoder
	err    error
	closed bool
}

// Create starts a table at path, by its extension, and replaces what is there.
func Create(path string, s *Schema) (*Writer, error) {
	c, squeeze, err := codecOf(path)
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	enc, err := squeezed(file, squeeze, s, c)
	if err != nil {
		file.Close()
		os.Remove(path)
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	return &Writer{path: path, schema: s, file: file, enc: enc}, nil
}

// Write adds a row. It keeps nothing of the row.
func (w *Writer) Write(row Row) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return fmt.Errorf("write %s: %w", w.path, os.ErrClosed)
	}
	size, err := checkRow(w.schema.Fields, row)
	if err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	if err := w.enc.write(row, size); err != nil {
		err = inFile("write", w.path, err)
		if !errors.As(err, new(*refusal)) {
			w.err = err
		}
		return err
	}
	return nil
}

// refusal is an encoder's error for a row that its format cannot hold, before anything of it was written.
type refusal struct{ error }

// Close flushes and fsyncs. If anything failed, now or before, it removes the file and returns the first error.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	err := w.err
	if err == nil {
		err = w.finish()
	}
	if err != nil {
		w.Abort()
		w.err = err
		return err
	}
	w.closed = true
	return nil
}

func (w *Writer) finish() error {
	if err := w.enc.close(); err != nil {
		return inFile("write", w.path, err)
	}
	if err := w.file.Sync(); err != nil {
		return inFile("write", w.path, err)
	}
	return w.file.Close()
}

// Abort removes the unfinished file; after Close it does nothing.
func (w *Writer) Abort() {
	if w.closed {
		return
	}
	w.closed = true
	w.file.Close()
	os.Remove(w.path)
}
