package table

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json/jsontext"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

func init() {
	for _, ext := range []string{".jsonl", ".ndjson"} {
		codecs[ext] = codec{openJSONL, createJSONL}
		text[ext] = true
	}
}

func openJSONL(path string, declared *Schema) (decoder, error) {
	return openTextTable(path, declared, func(r io.Reader, path string) (records, error) {
		return &jsonLines{path: path, lineReader: newLineReader(r)}, nil
	})
}

// jsonLines reads one record a line. In a file of nothing but lists, a list is a row with the one column "value"; between
// objects it is no row. Empty lines are no rows.
type jsonLines struct {
	lineReader
	path   string
	parser jsonParser
}

func (j *jsonLines) read() (record, error) {
	for {
		text, err := j.next()
		if err == ErrLongLine {
			return record{}, j.fault(j.buf, "the line is "+err.Error())
		}
		if err != nil {
			return record{}, err
		}
		if text = bytes.Trim(text, " \t\r\n"); len(text) > 0 {
			return j.record(text)
		}
	}
}

func (j *jsonLines) record(text []byte) (record, error) {
	v, err := j.parser.parse(text)
	if err != nil {
		return record{}, j.fault(text, err.Error())
	}
	switch v := v.(type) {
	case *object:
		if _, ok := v.get(""); ok {
			return record{}, j.fault(text, "a key is empty")
		}
		return record{object: v, line: j.line, raw: text}, nil
	case []any:
		return record{object: &object{[]string{"value"}, []any{v}}, line: j.line, raw: text, list: true}, nil
	}
	return record{}, j.fault(text, "the line is no JSON object")
}

func (j *jsonLines) at() int64 { return j.line }

func (j *jsonLines) fault(raw []byte, reason string) error {
	return &RowError{File: j.path, Line: j.line, Reason: reason, Raw: excerpt(raw)}
}

type jsonWriter struct {
	w      *bufio.Writer
	fields []Field
	buf    []byte
}

// createJSONL writes one object a line, keys in schema order: bytes as base64, times as RFC 3339.
func createJSONL(w io.Writer, s *Schema) (encoder, error) {
	return &jsonWriter{w: bufio.NewWriterSize(w, 1<<16), fields: s.Fields}, nil
}

func (j *jsonWriter) write(row Row, _ int) (err error) {
	if j.buf, err = appendObject(j.buf[:0], j.fields, row); err != nil {
		return &refusal{err}
	}
	_, err = j.w.Write(append(j.buf, '\n'))
	return err
}

func (j *jsonWriter) close() error { return j.w.Flush() }

func appendObject(b []byte, fields []Field, row Row) (_ []byte, err error) {
	b = append(b, '{')
	for i, v := range row {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = jsontext.AppendQuote(b, fields[i].Name); err != nil {
			return b, err
		}
		b = append(b, ':')
		if b, err = appendCell(b, fields[i].Type, v); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendCell(b []byte, t Type, v any) (_ []byte, err error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return jsontext.AppendQuote(b, v)
	case []byte:
		return jsontext.AppendQuote(b, base64.StdEncoding.EncodeToString(v))
	case time.Time:
		return jsontext.AppendQuote(b, v.UTC().Format(time.RFC3339Nano))
	case bool:
		return strconv.AppendBool(b, v), nil
	}
	switch t.kind {
	case KindStruct:
		return appendObject(b, t.Fields(), v.([]any))
	case KindList:
		return appendList(b, t.elem().Type, unpack(v))
	case KindInt64, KindInt32:
		n, _ := asInt(v)
		return strconv.AppendInt(b, n, 10), nil
	}
	f, _ := asFloat(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return b, fmt.Errorf("JSON has no number %v", f)
	}
	return jsontext.AppendFloat(b, f, 64), nil
}

func appendList(b []byte, elem Type, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendCell(b, elem, e); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}
