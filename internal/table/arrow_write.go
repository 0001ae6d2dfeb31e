package table

import (
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Borders of Arrow batches. A batch ends early only when its values are so large that the offsets of a column, which are
// int32, and the memory for it would be at stake.
const (
	batchRows  = 8192
	batchBytes = 256 << 20
)

type arrowWriter struct {
	w      *ipc.FileWriter
	b      *array.RecordBuilder
	append []appender
	rows   int
	bytes  int
}

// appender adds a checked value to its builder.
type appender func(v any)

func createArrow(w io.Writer, s *Schema) (encoder, error) {
	schema := arrowSchema(s)
	fw, err := ipc.NewFileWriter(w, ipc.WithSchema(schema))
	if err != nil {
		return nil, err
	}
	a := &arrowWriter{w: fw, b: array.NewRecordBuilder(memory.DefaultAllocator, schema)}
	for i, f := range s.Fields {
		a.append = append(a.append, appenderOf(f.Type, a.b.Field(i)))
	}
	return a, nil
}

func (a *arrowWriter) write(row Row, size int) error {
	if a.rows > 0 && (a.rows == batchRows || a.bytes+size > batchBytes) {
		if err := a.flush(); err != nil {
			return err
		}
	}
	for i, add := range a.append {
		add(row[i])
	}
	a.rows, a.bytes = a.rows+1, a.bytes+size
	return nil
}

func (a *arrowWriter) flush() error {
	batch := a.b.NewRecordBatch()
	defer batch.Release()
	a.rows, a.bytes = 0, 0
	return a.w.Write(batch)
}

func (a *arrowWriter) close() error {
	defer a.b.Release()
	if a.rows > 0 {
		if err := a.flush(); err != nil {
			return err
		}
	}
	return a.w.Close()
}

func appenderOf(t Type, b array.Builder) appender {
	add := valueAppender(t, b)
	return func(v any) {
		if v == nil {
			b.AppendNull()
			return
		}
		add(v)
	}
}

func valueAppender(t Type, b array.Builder) appender {
	switch b := b.(type) {
	case *array.StringBuilder:
		return func(v any) { b.Append(v.(string)) }
	case *array.BinaryBuilder:
		return func(v any) { b.Append(v.([]byte)) }
	case *array.Int64Builder:
		return func(v any) { n, _ := asInt(v); b.Append(n) }
	case *array.Int32Builder:
		return func(v any) { n, _ := asInt(v); b.Append(int32(n)) }
	case *array.Float64Builder:
		return func(v any) { n, _ := asFloat(v); b.Append(n) }
	case *array.Float32Builder:
		return func(v any) { n, _ := asFloat(v); b.Append(float32(n)) }
	case *array.BooleanBuilder:
		return func(v any) { b.Append(v.(bool)) }
	case *array.TimestampBuilder:
		return func(v any) { b.Append(arrow.Timestamp(v.(time.Time).UnixMicro())) }
	case *array.ListBuilder:
		return listAppender(t, b)
	case *array.StructBuilder:
		return structAppender(t, b)
	}
	panic("table: no builder for " + t.String())
}

func listAppender(t Type, b *array.ListBuilder) appender {
	elem := appenderOf(t.elem().Type, b.ValueBuilder())
	return func(v any) {
		b.Append(true)
		switch in := b.ValueBuilder().(type) { // the long lists of training data, without a box for each number
		case *array.Int32Builder:
			if tokens, ok := v.([]int32); ok {
				in.AppendValues(tokens, nil)
				return
			}
		case *array.Float32Builder:
			if numbers, ok := v.([]float32); ok {
				in.AppendValues(numbers, nil)
				return
			}
		}
		for _, e := range unpack(v) {
			elem(e)
		}
	}
}

func structAppender(t Type, b *array.StructBuilder) appender {
	fields := make([]appender, b.NumField())
	for i, f := range t.Fields() {
		fields[i] = appenderOf(f.Type, b.FieldBuilder(i))
	}
	return func(v any) {
		b.Append(true)
		for i, e := range v.([]any) {
			fields[i](e)
		}
	}
}
