package table

import (
	"fmt"
	"iter"
	"reflect"
	"time"
)

// TypedWriter writes structs, whose json tags name the columns.
type TypedWriter[T any] struct {
	w   *Writer
	row func(v reflect.Value) any
}

// NewWriter creates a table of T at path.
func NewWriter[T any](path string) (*TypedWriter[T], error) {
	w, err := Create(path, SchemaOf[T]())
	if err != nil {
		return nil, err
	}
	return &TypedWriter[T]{w: w, row: structCell(reflect.TypeFor[T]())}, nil
}

// Write adds a row.
func (t *TypedWriter[T]) Write(row T) error {
	return t.w.Write(t.row(reflect.ValueOf(&row).Elem()).(Row))
}

// Close flushes and fsyncs; see Writer.Close.
func (t *TypedWriter[T]) Close() error { return t.w.Close() }

// Abort removes the unfinished file; see Writer.Abort.
func (t *TypedWriter[T]) Abort() { t.w.Abort() }

// WriteAll writes a whole table of T and removes it again if anything fails.
func WriteAll[T any](path string, rows iter.Seq2[T, error]) (n int64, err error) {
	w, err := NewWriter[T](path)
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

// cell compiles how a Go value becomes a row's value.
func cell(t reflect.Type) func(reflect.Value) any {
	if t == timeType {
		return timeCell
	}
	switch t.Kind() {
	case reflect.Pointer:
		in := cell(t.Elem())
		return func(v reflect.Value) any {
			if v.IsNil() {
				return nil
			}
			return in(v.Elem())
		}
	case reflect.String:
		return func(v reflect.Value) any { return v.String() }
	case reflect.Bool:
		return func(v reflect.Value) any { return v.Bool() }
	case reflect.Float32, reflect.Float64:
		return func(v reflect.Value) any { return v.Float() }
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return func(v reflect.Value) any { return int64(v.Uint()) }
	case reflect.Slice:
		return sliceCell(t)
	case reflect.Struct:
		return structCell(t)
	}
	return func(v reflect.Value) any { return v.Int() }
}

func timeCell(v reflect.Value) any {
	t := v.Interface().(time.Time)
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

func structCell(t reflect.Type) func(reflect.Value) any {
	ms := members(t)
	cells := make([]func(reflect.Value) any, len(ms))
	for i, m := range ms {
		cells[i] = cell(m.typ)
	}
	return func(v reflect.Value) any {
		row := make(Row, len(ms))
		for i, m := range ms {
			row[i] = cells[i](v.FieldByIndex(m.index))
		}
		return row
	}
}

func sliceCell(t reflect.Type) func(reflect.Value) any {
	if t.Elem().Kind() == reflect.Uint8 {
		return func(v reflect.Value) any { return v.Bytes() }
	}
	switch reflect.Zero(t).Interface().(type) {
	case []int32, []int64, []float32, []float64, []bool, []string: // as they are
		return func(v reflect.Value) any { return v.Interface() }
	}
	elem := cell(t.Elem())
	return func(v reflect.Value) any {
		list := make([]any, v.Len())
		for i := range list {
			list[i] = elem(v.Index(i))
		}
		return list
	}
}
