package table

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A parsed record is made of nil, bool, number, string, cellText, []any and *object.
type (
	number   string // as it was written
	cellText string // of a CSV file: a string, or what it reads as
	object   struct {
		names  []string // in the order of the file
		values []any
	}
)

func (o *object) get(name string) (any, bool) {
	for i, n := range o.names {
		if n == name {
			return o.values[i], true
		}
	}
	return nil, false
}

// maxDepth is how deep values, and the types of columns, may be nested: far more than data is, and less than what the
// columnar formats can hold (Parquet counts repetition levels in seven bits).
const maxDepth = 64

var errDeep = errors.New("nested too deep")

// jsonParser parses one value at a time. It is strict: no duplicate keys, no invalid UTF-8, nothing after the value, nothing
// nested deeper than maxDepth.
type jsonParser struct {
	in  bytes.Reader
	dec *jsontext.Decoder
}

func (p *jsonParser) parse(line []byte) (any, error) {
	p.in.Reset(line)
	if p.dec == nil {
		p.dec = jsontext.NewDecoder(&p.in)
	} else {
		p.dec.Reset(&p.in)
	}
	v, err := p.value()
	if err == errDeep {
		return nil, fmt.Errorf("nested %d deep, which must be at most %d", depthOf(line), maxDepth)
	}
	if err != nil {
		return nil, reason(err)
	}
	if _, err := p.dec.ReadToken(); err != io.EOF {
		if err == nil {
			err = errors.New("more than one value on the line")
		}
		return nil, reason(err)
	}
	return v, nil
}

// reason says what is wrong without the library's name and the line's bytes.
func reason(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("invalid JSON: ends too early")
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}

func (p *jsonParser) value() (any, error) {
	t, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return t.Bool(), nil
	case '0':
		return number(t.String()), nil
	case '"':
		return t.String(), nil
	}
	switch {
	case p.dec.StackDepth() > maxDepth:
		return nil, errDeep
	case t.Kind() == '[':
		return p.array()
	}
	return p.object()
}

// depthOf counts how many brackets are open at most, outside texts.
func depthOf(line []byte) int {
	var open brackets
	deepest := 0
	for _, c := range line {
		open.pass(c)
		deepest = max(deepest, open.depth)
	}
	return deepest
}

func (p *jsonParser) array() (any, error) {
	list := []any{}
	for p.dec.PeekKind() != ']' {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.dec.ReadToken()
	return list, err
}

func (p *jsonParser) object() (any, error) {
	o := &object{}
	for p.dec.PeekKind() != '}' {
		name, err := p.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		o.names = append(o.names, name.String())
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		o.values = append(o.values, v)
	}
	_, err := p.dec.ReadToken()
	return o, err
}

// jsonText writes a parsed value as compact JSON, numbers as they were and keys in the order of the file.
func jsonText(v any) string {
	var b strings.Builder
	appendJSON(&b, v)
	return b.String()
}

func appendJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprint(b, v)
	case number:
		b.WriteString(string(v))
	case string:
		b.Write(quoted(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendJSON(b, e)
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		for i, e := range v.values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(quoted(v.names[i]))
			b.WriteByte(':')
			appendJSON(b, e)
		}
		b.WriteByte('}')
	}
}

// quoted is a string as JSON; the parser lets only valid UTF-8 through, so that it cannot fail.
func quoted(s string) []byte {
	out, _ := jsontext.AppendQuote(nil, s)
	return out
}
