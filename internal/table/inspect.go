package table

import (
	"fmt"
	"iter"
)

// Count is the number of rows; a text table is read for it, rows that cannot be read are not counted.
func Count(path string) (int64, error) {
	r, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.NumRows(), nil
}

// Head reads the first n rows for which the expression holds (see ParseWhere; "" = all), n < 0 all of them. Rows that
// cannot be read are left out.
func Head(path string, n int, where string) (*Schema, []Row, error) {
	r, err := Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	keep, err := ParseWhere(where, r.Schema())
	if err != nil {
		return nil, nil, err
	}
	var rows []Row
	for row, err := range r.Rows() {
		if n >= 0 && len(rows) >= n {
			break
		}
		if isRowError(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if keep(row) {
			rows = append(rows, row)
		}
	}
	return r.Schema(), rows, nil
}

// Copy converts a table to the format of dst's extension, or rewrites it, and gives the number of rows. A row that cannot
// be read or written ends it with an error and leaves no file.
func Copy(dst, src string) (int64, error) {
	r, err := Open(src)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return write(dst, r.Schema(), r.Rows())
}

func write(path string, s *Schema, rows iter.Seq2[Row, error]) (n int64, err error) {
	w, err := Create(path, s)
	if err != nil {
		return 0, err
	}
	for row, err := range rows {
		if err == nil {
			err = w.Write(row)
		}
		if err != nil {
			w.Abort()
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		n++
	}
	return n, w.Close()
}

// Map is a row as names and values, structs within it too, for JSON and for people.
func (s *Schema) Map(row Row) map[string]any { return mapped(s.Fields, row) }

func mapped(fields []Field, row Row) map[string]any {
	out := make(map[string]any, len(fields))
	for i, f := range fields {
		out[f.Name] = plain(f.Type, row[i])
	}
	return out
}

func plain(t Type, v any) any {
	list, ok := v.([]any)
	switch {
	case !ok:
		return v
	case t.kind == KindStruct:
		return mapped(t.Fields(), list)
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = plain(t.elem().Type, e)
	}
	return out
}
