package table

import (
	"io"
	"reflect"
	"time"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding"
)

// Borders of Parquet files. They count rows and bytes of values, nothing else, so that they depend on the rows alone.
const (
	groupBytes = 32 << 20 // values of a row group, uncompressed; the writer holds its pages compressed, a reader needs one page
	groupRows  = 100_000
	pageBytes  = 256 << 10
	flushBytes = 1 << 20 // values held before they are handed to the columns' pages
	flushRows  = 64      // as parquet-go does: a page holds whole rows, so a flush must not be far larger than a page
)

// shredder is a column's place in the record-shredding of the Dremel paper (Melnik et al. 2010).
type shredder struct {
	kind     Kind
	nullable bool
	first    int // leaf columns [first, last)
	last     int
	rep      int // list: repetition level of its second and later elements
	in       []shredder
}

type parquetWriter struct {
	//lint:ignore SA1019 its successor is generic over a struct; the columns here are known at run time only
	w       *parquet.Writer
	columns []*parquet.ColumnWriter
	fields  []shredder
	values  [][]parquet.Value // by leaf column
	held    int               // rows in values
	size    int               // bytes in values
	rows    int               // of the row group
	bytes   int
}

func createParquet(w io.Writer, s *Schema) (encoder, error) {
	plain := map[parquet.Kind]encoding.Encoding{}
	for _, kind := range []parquet.Kind{parquet.Boolean, parquet.Int32, parquet.Int64, parquet.Float, parquet.Double, parquet.ByteArray} {
		plain[kind] = &parquet.Plain // every reader knows it, and zstd does the rest
	}
	p := &parquetWriter{w: parquet.NewWriter(w, &parquet.WriterConfig{
		CreatedBy:        "fettle",
		PageBufferSize:   pageBytes,
		WriteBufferSize:  1 << 16,
		DataPageVersion:  1,
		KeyValueMetadata: s.Meta,
		Schema:           parquet.NewSchema("schema", group(s.Fields)),
		Compression:      &zstd.Codec{Level: zstd.SpeedDefault}, // klauspost's name for level 3
		Encodings:        plain,
	})}
	p.columns = p.w.ColumnWriters()
	p.values = make([][]parquet.Value, len(p.columns))
	leaf := 0
	p.fields = shredders(s.Fields, 0, &leaf)
	return p, nil
}

func shredders(fields []Field, rep int, leaf *int) []shredder {
	out := make([]shredder, len(fields))
	for i, f := range fields {
		sh := shredder{kind: f.Type.kind, nullable: f.Nullable, first: *leaf}
		switch f.Type.kind {
		case KindList:
			sh.rep = rep + 1
			sh.in = shredders(*f.Type.in, rep+1, leaf)
		case KindStruct:
			sh.in = shredders(*f.Type.in, rep, leaf)
		default:
			*leaf++
		}
		sh.last = *leaf
		out[i] = sh
	}
	return out
}

func (p *parquetWriter) write(row Row, size int) error {
	if p.rows > 0 && (p.rows == groupRows || p.bytes+size > groupBytes) {
		if err := p.endGroup(); err != nil {
			return err
		}
	}
	for i := range p.fields {
		p.put(&p.fields[i], row[i], 0, 0)
	}
	p.rows, p.bytes = p.rows+1, p.bytes+size
	p.held, p.size = p.held+1, p.size+size
	if p.held == flushRows || p.size >= flushBytes {
		return p.flush()
	}
	return nil
}

func (p *parquetWriter) put(sh *shredder, v any, rep, def int) {
	if v == nil {
		p.null(sh, rep, def)
		return
	}
	if sh.nullable {
		def++
	}
	switch sh.kind {
	case KindStruct:
		for i, e := range v.([]any) {
			p.put(&sh.in[i], e, rep, def)
		}
	case KindList:
		p.list(sh, v, rep, def)
	default:
		c := sh.first
		p.values[c] = append(p.values[c], leafValue(sh.kind, v).Level(rep, def, c))
	}
}

// null writes the absence of a value, at whatever depth, to every leaf below it.
func (p *parquetWriter) null(sh *shredder, rep, def int) {
	for c := sh.first; c < sh.last; c++ {
		p.values[c] = append(p.values[c], parquet.NullValue().Level(rep, def, c))
	}
}

func (p *parquetWriter) list(sh *shredder, v any, rep, def int) {
	elem := &sh.in[0]
	if tokens, ok := v.([]int32); ok && elem.kind == KindInt32 && len(tokens) > 0 {
		p.tokens(sh, tokens, rep, def)
		return
	}
	list := unpack(v)
	if len(list) == 0 {
		p.null(sh, rep, def)
		return
	}
	for _, e := range list {
		p.put(elem, e, rep, def+1)
		rep = sh.rep
	}
}

// tokens is list for the long lists of integers that training data is made of, without a box for each.
func (p *parquetWriter) tokens(sh *shredder, tokens []int32, rep, def int) {
	elem := &sh.in[0]
	def++
	if elem.nullable {
		def++
	}
	c := elem.first
	out := p.values[c]
	for _, t := range tokens {
		out = append(out, parquet.Int32Value(t).Level(rep, def, c))
		rep = sh.rep
	}
	p.values[c] = out
}

func leafValue(kind Kind, v any) parquet.Value {
	switch kind {
	case KindString:
		s := v.(string)
		return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s))) // copied into the page by flush
	case KindBytes:
		return parquet.ByteArrayValue(v.([]byte))
	case KindInt64:
		n, _ := asInt(v)
		return parquet.Int64Value(n)
	case KindInt32:
		n, _ := asInt(v)
		return parquet.Int32Value(int32(n))
	case KindFloat64:
		n, _ := asFloat(v)
		return parquet.DoubleValue(n)
	case KindFloat32:
		n, _ := asFloat(v)
		return parquet.FloatValue(float32(n))
	case KindBool:
		return parquet.BooleanValue(v.(bool))
	case KindTimestamp:
		return parquet.Int64Value(v.(time.Time).UnixMicro())
	}
	panic("table: no leaf of kind " + kind.String())
}

func (p *parquetWriter) flush() error {
	for c, values := range p.values {
		if len(values) == 0 {
			continue
		}
		if _, err := p.columns[c].WriteRowValues(values); err != nil {
			return err
		}
		clear(values) // lets go of the rows' strings
		p.values[c] = values[:0]
	}
	p.held, p.size = 0, 0
	return nil
}

func (p *parquetWriter) endGroup() error {
	if err := p.flush(); err != nil {
		return err
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

func (p *parquetWriter) close() error {
	if err := p.endGroup(); err != nil {
		return err
	}
	return p.w.Close()
}

// orderedGroup is a parquet.Group that keeps its fields' order, which parquet.Group sorts.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g orderedGroup) Fields() []parquet.Field { return g.fields }

type orderedField struct {
	parquet.Node
	name string
}

func (f orderedField) Name() string                      { return f.name }
func (f orderedField) Value(reflect.Value) reflect.Value { panic("table: rows are not Go structs") }

func group(fields []Field) parquet.Node {
	g := orderedGroup{}
	for _, f := range fields {
		g.fields = append(g.fields, orderedField{parquetNode(f), f.Name})
	}
	return g
}

func parquetNode(f Field) parquet.Node {
	n := parquetType(f.Type)
	if f.Nullable {
		return parquet.Optional(n)
	}
	return n
}

func parquetType(t Type) parquet.Node {
	switch t.kind {
	case KindString:
		return parquet.String()
	case KindBytes:
		return parquet.Leaf(parquet.ByteArrayType)
	case KindInt64:
		return parquet.Leaf(parquet.Int64Type)
	case KindInt32:
		return parquet.Leaf(parquet.Int32Type)
	case KindFloat64:
		return parquet.Leaf(parquet.DoubleType)
	case KindFloat32:
		return parquet.Leaf(parquet.FloatType)
	case KindBool:
		return parquet.Leaf(parquet.BooleanType)
	case KindTimestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case KindList:
		return parquet.List(parquetNode(t.elem()))
	}
	return group(t.Fields())
}
