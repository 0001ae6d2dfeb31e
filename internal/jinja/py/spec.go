package py

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spec is a format specification: [[fill]align][sign][#][0][width][,][.precision].
type spec struct {
	fill      string
	align     byte
	sign      byte
	alt, zero bool
	comma     byte
	width     int64
	precision int64
	verb      rune
}

// Format is format(v, spec).
func Format(v any, text string) string {
	if text == "" {
		return Str(v)
	}
	s := parseSpec(text)
	switch v := v.(type) {
	case string, Markup:
		if s.verb != 0 && s.verb != 's' {
			panic(Errorf("ValueError", "Unknown format code '%c' for object of type 'str'", s.verb))
		}
		if s.align == 0 {
			s.align = '<'
		}
		return s.text(Str(v))
	case bool, int64, *big.Int:
		if s.align == 0 {
			s.align = '>'
		}
		n, _ := number(v)
		if strings.ContainsRune("eEfFgG%", s.verb) && s.verb != 0 {
			return s.float(s.verb, Float(n))
		}
		return s.integer(s.verb, n)
	case float64:
		if s.align == 0 {
			s.align = '>'
		}
		return s.float(s.verb, v)
	}
	panic(typeErrorf("unsupported format string passed to %s.__format__", TypeName(v)))
}

func parseSpec(text string) spec {
	s := spec{fill: " ", precision: -1}
	rest := text
	if _, n := utf8.DecodeRuneInString(rest); len(rest) > n && strings.IndexByte("<>=^", rest[n]) >= 0 {
		s.fill, s.align, rest = rest[:n], rest[n], rest[n+1:]
	} else if strings.IndexByte("<>=^", rest[0]) >= 0 {
		s.align, rest = rest[0], rest[1:]
	}
	take := func(set string) byte {
		if rest == "" || strings.IndexByte(set, rest[0]) < 0 {
			return 0
		}
		c := rest[0]
		rest = rest[1:]
		return c
	}
	s.sign = take("+- ")
	s.alt = take("#") != 0
	if take("0") != 0 && s.align == 0 {
		s.zero = true
	}
	s.width, rest = digits(rest)
	s.comma = take(",_")
	if take(".") != 0 {
		s.precision, rest = digits(rest)
	}
	if rest != "" {
		var n int
		s.verb, n = utf8.DecodeRuneInString(rest)
		rest = rest[n:]
	}
	if rest != "" {
		panic(Errorf("ValueError", "Invalid format specifier"))
	}
	return s
}

func (s spec) text(t string) string {
	if s.precision >= 0 && int64(utf8.RuneCountInString(t)) > s.precision {
		t = string([]rune(t)[:s.precision])
	}
	s.zero = false
	return s.pad("", t)
}

// pad puts sign and body into the width; zeros go between them.
func (s spec) pad(sign, body string) string {
	switch {
	case s.zero:
		return sign + Pad(body, s.width-int64(len(sign)), "0", true, false)
	case s.align == '=':
		return sign + Pad(body, s.width-int64(len(sign)), s.fill, true, false)
	case s.align == '^':
		// format() puts the odd one on the right, unlike str.center
		total := s.width - int64(utf8.RuneCountInString(sign+body))
		return Pad(Pad(sign+body, s.width-total+total/2, s.fill, true, false), s.width, s.fill, false, true)
	}
	return Pad(sign+body, s.width, s.fill, s.align == '>', s.align == '<')
}

func (s spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+' || s.sign == ' ':
		return string(s.sign)
	}
	return ""
}

func (s spec) integer(verb rune, n any) string {
	b := bigInt(n)
	base, prefix := 10, ""
	switch verb {
	case 'x', 'X':
		base, prefix = 16, "0"+string(verb)
	case 'o':
		base, prefix = 8, "0o"
	case 'b':
		base, prefix = 2, "0b"
	case 'c':
		return s.text(string(rune(b.Int64())))
	case 0, 'd', 'n':
	default:
		panic(Errorf("ValueError", "Unknown format code '%c' for object of type 'int'", verb))
	}
	body := new(big.Int).Abs(b).Text(base)
	if verb == 'X' {
		body = strings.ToUpper(body)
	}
	if s.precision > int64(len(body)) { // printf style only
		body = Pad(body, s.precision, "0", true, false)
	}
	sign := s.signOf(b.Sign() < 0)
	if s.alt {
		sign += prefix
	}
	return s.pad(sign, group(body, s.comma))
}

func group(body string, comma byte) string {
	if comma == 0 {
		return body
	}
	whole, frac, _ := strings.Cut(body, ".")
	var out []byte
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out = append(out, comma)
		}
		out = append(out, whole[i])
	}
	if frac != "" {
		return string(out) + "." + frac
	}
	return string(out)
}

func (s spec) float(verb rune, f float64) string {
	sign := s.signOf(math.Signbit(f) && !math.IsNaN(f))
	f = math.Abs(f)
	body, suffix := "", ""
	precision := int(s.precision)
	if precision < 0 {
		precision = 6
	}
	limit(int64(precision), MaxBytes)
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		body = floatRepr(f)
	case verb == '%':
		body, suffix = strconv.FormatFloat(f*100, 'f', precision, 64), "%"
	case verb == 'f' || verb == 'F':
		body = strconv.FormatFloat(f, 'f', precision, 64)
	case verb == 'e' || verb == 'E':
		body = strconv.FormatFloat(f, 'e', precision, 64)
	case verb == 'g' || verb == 'G':
		body = general(f, precision, s.alt)
	case verb == 0 && s.precision < 0:
		body = floatRepr(f)
	case verb == 0:
		body = general(f, precision, false)
		if !strings.ContainsAny(body, ".e") {
			body += ".0"
		}
	default:
		panic(Errorf("ValueError", "Unknown format code '%c' for object of type 'float'", verb))
	}
	if verb == 'E' || verb == 'G' || verb == 'F' {
		body = strings.ToUpper(body)
	}
	return s.pad(sign, group(body, s.comma)+suffix)
}

// general is C's %g: exponent form below 1e-4 and from 10^precision up, trailing zeros cut unless alt.
func general(f float64, precision int, alt bool) string {
	precision = max(precision, 1)
	mantissa := strconv.FormatFloat(f, 'e', precision-1, 64)
	exp, _ := strconv.Atoi(mantissa[strings.IndexByte(mantissa, 'e')+1:])
	trim := func(s string) string {
		if alt || !strings.Contains(s, ".") {
			return s
		}
		return strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if exp < -4 || exp >= precision {
		m, e, _ := strings.Cut(mantissa, "e")
		return trim(m) + "e" + e
	}
	return trim(strconv.FormatFloat(f, 'f', precision-1-exp, 64))
}

func truncate(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(Errorf("ValueError", "cannot convert float %s to integer", floatRepr(f)))
	}
	b, _ := big.NewFloat(f).Int(nil)
	return NormInt(b)
}
