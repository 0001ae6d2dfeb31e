package py

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FromJSON reads one JSON value with the order of its keys and the kind of its numbers kept (1 is an int, 1.0 a float).
func FromJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("JSON goes on after the first value at byte %d", d.InputOffset())
	}
	return v, nil
}

func decode(d *json.Decoder, depth int) (any, error) {
	tok, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if depth > maxDepth {
			return nil, fmt.Errorf("JSON nested deeper than %d", maxDepth)
		}
		if tok == '[' {
			return decodeList(d, depth)
		}
		return decodeDict(d, depth)
	case json.Number:
		return parseNumber(string(tok))
	}
	return tok, nil // string, bool, nil
}

func decodeList(d *json.Decoder, depth int) (any, error) {
	list := List{}
	for d.More() {
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func decodeDict(d *json.Decoder, depth int) (any, error) {
	dict := &Dict{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		dict.Set(key, v)
	}
	_, err := d.Token()
	return dict, err
}

func parseNumber(s string) (any, error) {
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, nil
		}
		if b, ok := new(big.Int).SetString(s, 10); ok && len(s) <= maxDigits {
			return b, nil
		}
		return nil, fmt.Errorf("JSON number %.20s... is too long", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, err
	}
	return f, nil
}

// JSONStyle is the keyword arguments of json.dumps that templates use.
type JSONStyle struct {
	Multiline  bool       // one value a line
	Indent     string     // of each level, where Multiline
	Separators *[2]string // between items, after keys; nil = Python's defaults
	SortKeys   bool
	ASCII      bool
}

// ToJSON is json.dumps(v).
func ToJSON(v any, style JSONStyle) string {
	if style.Separators == nil {
		style.Separators = &[2]string{", ", ": "}
		if style.Multiline {
			style.Separators[0] = ","
		}
	}
	w := jsonWriter{style: style}
	w.value(v, 0)
	return w.b.String()
}

type jsonWriter struct {
	b     strings.Builder
	style JSONStyle
}

func (w *jsonWriter) value(v any, depth int) {
	if depth > maxDepth {
		panic(Errorf("RecursionError", "maximum recursion depth exceeded while encoding a JSON object"))
	}
	switch v := v.(type) {
	case nil:
		w.b.WriteString("null")
	case bool:
		w.b.WriteString(strconv.FormatBool(v))
	case int64, *big.Int:
		w.b.WriteString(Repr(v))
	case float64:
		w.b.WriteString(jsonFloat(v))
	case string:
		w.string(v)
	case Markup:
		w.string(string(v))
	case List:
		w.list(v, depth)
	case Tuple:
		w.list(v, depth)
	case *Dict:
		w.dict(v, depth)
	default:
		panic(typeErrorf("Object of type %s is not JSON serializable", TypeName(v)))
	}
	limit(int64(w.b.Len()), MaxBytes)
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return floatRepr(f)
}

func (w *jsonWriter) list(items []any, depth int) {
	w.b.WriteByte('[')
	for i, v := range items {
		w.separate(i, depth+1)
		w.value(v, depth+1)
	}
	w.shut(len(items), depth, ']')
}

func (w *jsonWriter) dict(d *Dict, depth int) {
	keys := d.keys
	if w.style.SortKeys {
		keys = Sorted(keys, false, nil)
	}
	w.b.WriteByte('{')
	for i, k := range keys {
		w.separate(i, depth+1)
		w.string(jsonKey(k))
		w.b.WriteString(w.style.Separators[1])
		v, _ := d.Get(k)
		w.value(v, depth+1)
	}
	w.shut(len(keys), depth, '}')
}

func (w *jsonWriter) separate(i, depth int) {
	if i > 0 {
		w.b.WriteString(w.style.Separators[0])
	}
	w.newline(depth)
}

func (w *jsonWriter) shut(n, depth int, bracket byte) {
	if n > 0 {
		w.newline(depth)
	}
	w.b.WriteByte(bracket)
}

func (w *jsonWriter) newline(depth int) {
	if w.style.Multiline {
		w.b.WriteByte('\n')
		w.b.WriteString(strings.Repeat(w.style.Indent, depth))
	}
}

func jsonKey(k any) string {
	switch k := k.(type) {
	case string:
		return k
	case Markup:
		return string(k)
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(k)
	case int64, *big.Int:
		return Repr(k)
	case float64:
		return jsonFloat(k)
	}
	panic(typeErrorf("keys must be str, int, float, bool or None, not %s", TypeName(k)))
}

func (w *jsonWriter) string(s string) {
	w.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(r)
		case r == '\n':
			w.b.WriteString(`\n`)
		case r == '\r':
			w.b.WriteString(`\r`)
		case r == '\t':
			w.b.WriteString(`\t`)
		case r == '\f':
			w.b.WriteString(`\f`)
		case r == '\b':
			w.b.WriteString(`\b`)
		case r < 0x20, w.style.ASCII && 0x7f < r && r < 0x10000, w.style.ASCII && r == 0x7f:
			fmt.Fprintf(&w.b, `\u%04x`, r)
		case w.style.ASCII && r >= utf8.RuneSelf:
			r -= 0x10000
			fmt.Fprintf(&w.b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			w.b.WriteRune(r)
		}
	}
	w.b.WriteByte('"')
}
