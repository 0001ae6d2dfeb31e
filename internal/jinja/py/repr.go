package py

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Str is str(v): what printing shows.
func Str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case *Undefined:
		return ""
	}
	return Repr(v)
}

// SoftStr is markupsafe.soft_str: str(v), Markup kept.
func SoftStr(v any) any {
	if m, ok := v.(Markup); ok {
		return m
	}
	return Str(v)
}

// Repr is repr(v).
func Repr(v any) string {
	var b strings.Builder
	writeRepr(&b, v, 0)
	return b.String()
}

// maxDigits is CPython's limit on printing and reading integers.
const maxDigits = 4300

// maxDepth bounds nested values, which only a template that builds them in a loop can make.
const maxDepth = 500

func writeRepr(b *strings.Builder, v any, depth int) {
	if depth > maxDepth {
		panic(Errorf("RecursionError", "maximum recursion depth exceeded while getting the repr of an object"))
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		text := v.String()
		if len(text) > maxDigits {
			panic(Errorf("ValueError", "Exceeds the limit (%d digits) for integer string conversion", maxDigits))
		}
		b.WriteString(text)
	case float64:
		b.WriteString(floatRepr(v))
	case string:
		b.WriteString(quote(v))
	case Markup:
		b.WriteString("Markup(" + quote(string(v)) + ")")
	case List:
		writeItems(b, "[", "]", v, depth)
	case Tuple:
		if len(v) == 1 {
			writeItems(b, "(", ",)", v, depth)
			return
		}
		writeItems(b, "(", ")", v, depth)
	case *Dict:
		writeDict(b, v, depth)
	case *View:
		writeItems(b, v.Kind+"([", "])", v.Items, depth)
	case Range:
		b.WriteString(rangeRepr(v))
	case *Undefined:
		b.WriteString("Undefined")
	case fmt.Stringer:
		b.WriteString(v.String())
	default:
		panic(typeErrorf("printing a %s shows an address of memory: call it instead", TypeName(v)))
	}
	limit(int64(b.Len()), MaxBytes)
}

func writeItems(b *strings.Builder, open, shut string, items []any, depth int) {
	b.WriteString(open)
	for i, x := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		writeRepr(b, x, depth+1)
	}
	b.WriteString(shut)
}

func writeDict(b *strings.Builder, d *Dict, depth int) {
	b.WriteByte('{')
	for i, k := range d.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		writeRepr(b, k, depth+1)
		b.WriteString(": ")
		writeRepr(b, d.vals[i], depth+1)
	}
	b.WriteByte('}')
}

func rangeRepr(r Range) string {
	if r.Step == 1 {
		return fmt.Sprintf("range(%d, %d)", r.Start, r.Stop)
	}
	return fmt.Sprintf("range(%d, %d, %d)", r.Start, r.Stop, r.Step)
}

// floatRepr is CPython's repr of a float: the shortest digits that read back, exponents below -4 and from 16 up.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return s // Go writes two digits of exponent at least, as C does
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quote is repr of a str: single quotes unless only those occur inside.
func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case isPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

func runeLen(s string, r rune) int {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(s)
		return n
	}
	return utf8.RuneLen(r)
}
