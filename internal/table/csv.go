package table

import (
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

func init() {
	for ext, comma := range map[string]rune{".csv": ',', ".tsv": '\t'} {
		codecs[ext] = codec{
			open: func(path string, declared *Schema) (decoder, error) {
				return openTextTable(path, declared, func(r io.Reader, path string) (records, error) { return newCSV(r, path, comma) })
			},
			create: func(w io.Writer, s *Schema) (encoder, error) { return createCSV(w, s, comma) },
		}
		text[ext] = true
	}
}

// csvRecords reads CSV whose first record is the header. A column without a name is column<n>, n from 1.
type csvRecords struct {
	path  string
	in    csvReader
	names []string
}

func newCSV(r io.Reader, path string, comma rune) (*csvRecords, error) {
	c := &csvRecords{path: path, in: csvReader{lineReader: newLineReader(r), path: path, comma: byte(comma)}}
	names, err := c.in.read()
	if err == io.EOF {
		return c, nil
	}
	var at *located
	if errors.As(err, &at) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	c.names = append(c.names, names...)
	seen := map[string]bool{}
	for i, name := range c.names {
		if name == "" {
			name = "column" + strconv.Itoa(i+1)
		}
		if seen[name] || !utf8.ValidString(name) {
			return nil, fmt.Errorf("header: column name %q is there twice or is not UTF-8", name)
		}
		seen[name], c.names[i] = true, name
	}
	return c, nil
}

func (c *csvRecords) header() []string { return c.names }

func (c *csvRecords) read() (record, error) {
	cells, err := c.in.read()
	var fault *csvFault
	switch {
	case errors.As(err, &fault):
		return record{}, c.fault(err.Error())
	case err != nil:
		return record{}, err
	case len(cells) != len(c.names):
		return record{}, c.fault(fmt.Sprintf("%d fields, the header has %d", len(cells), len(c.names)))
	}
	o := &object{names: c.names, values: make([]any, len(cells))}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return record{}, c.fault(fmt.Sprintf("column %s: text is not UTF-8", c.names[i]))
		}
		o.values[i] = cellText(cell)
	}
	return record{object: o, line: c.in.start, raw: c.in.raw}, nil
}

func (c *csvRecords) at() int64 { return c.in.start }

func (c *csvRecords) fault(reason string) error {
	return &RowError{File: c.path, Line: c.in.start, Reason: reason, Raw: excerpt(trimEnd(c.in.raw))}
}

// csvWriter writes scalars only; null is an empty cell.
type csvWriter struct {
	w     *csv.Writer
	cells []string
}

func createCSV(w io.Writer, s *Schema, comma rune) (encoder, error) {
	c := &csvWriter{w: csv.NewWriter(w)}
	c.w.Comma = comma
	for _, f := range s.Fields {
		if f.Type.kind == KindList || f.Type.kind == KindStruct {
			return nil, fmt.Errorf("column %s: CSV has no %s", f.Name, f.Type)
		}
		c.cells = append(c.cells, f.Name)
	}
	return c, c.w.Write(c.cells)
}

func (c *csvWriter) write(row Row, _ int) error {
	for i, v := range row {
		c.cells[i] = csvCell(v)
	}
	return c.w.Write(c.cells)
}

func (c *csvWriter) close() error {
	c.w.Flush()
	return c.w.Error()
}

func csvCell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return fmt.Sprint(v)
}
