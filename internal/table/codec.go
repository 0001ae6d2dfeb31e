package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// decoder is an open file.
type decoder interface {
	Schema() *Schema
	NumRows() int64 // -1 = not known before reading
	// cursor starts at the first row. Rows hold only these columns of the schema, in this order. packed: lists of scalars
	// that are never null come as []int32, []int64, []float32, []float64, []string or []bool instead of []any.
	cursor(columns []int, packed bool) (cursor, error)
	Close() error
}

// cursor walks over the rows: io.EOF after the last one, a *RowError for a row that can be left out.
type cursor interface {
	next() (Row, error)
	close() error
}

// encoder writes rows that were checked against the schema.
type encoder interface {
	write(row Row, size int) error // size = the row's bytes, as checkRow counted them
	close() error
}

// codec is one file format.
type codec struct {
	open   func(path string, declared *Schema) (decoder, error) // declared: text formats only, nil = decide over all rows
	create func(w io.Writer, s *Schema) (encoder, error)
}

var codecs = map[string]codec{
	".parquet": {openParquet, createParquet},
	".arrow":   {openArrow, createArrow},
}

// codecOf finds the codec by extension; squeeze is "", ".gz" or ".zst".
func codecOf(path string) (c codec, squeeze string, err error) {
	name := strings.ToLower(path)
	for _, ext := range []string{".gz", ".zst"} {
		if strings.HasSuffix(name, ext) {
			name, squeeze = strings.TrimSuffix(name, ext), ext
		}
	}
	dot := strings.LastIndexByte(name, '.')
	if dot >= 0 {
		if c, ok := codecs[name[dot:]]; ok && (squeeze == "" || text[name[dot:]]) {
			return c, squeeze, nil
		}
	}
	return codec{}, "", fmt.Errorf("no table format for %s: want one of %s", path, strings.Join(Extensions(), " "))
}

// text names the formats that may also be compressed as a whole.
var text = map[string]bool{}

// Extensions are the file endings that Open reads, sorted; text formats also with .gz or .zst.
func Extensions() []string {
	names := make([]string, 0, len(codecs))
	for ext := range codecs {
		names = append(names, ext)
	}
	slices.Sort(names)
	return names
}
