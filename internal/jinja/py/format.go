package py

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Percent is format % v, printf style.
func Percent(format string, v any) string {
	p := percent{values: []any{v}, single: true}
	if t, ok := v.(Tuple); ok {
		p = percent{values: t}
	}
	p.dict, _ = v.(*Dict)
	var b strings.Builder
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			b.WriteString(format)
			break
		}
		b.WriteString(format[:i])
		var out string
		out, format = p.one(format[i+1:])
		b.WriteString(out)
		limit(int64(b.Len()), MaxBytes)
	}
	if p.used < len(p.values) && !(p.single && isMapping(v)) {
		panic(typeErrorf("not all arguments converted during string formatting"))
	}
	return b.String()
}

func isMapping(v any) bool {
	switch v.(type) {
	case *Dict, List, Range, *Undefined:
		return true
	}
	return false
}

type percent struct {
	values []any
	used   int
	single bool
	dict   *Dict
}

func (p *percent) next() any {
	if p.used >= len(p.values) {
		panic(typeErrorf("not enough arguments for format string"))
	}
	p.used++
	return p.values[p.used-1]
}

// one formats the conversion after a % sign and returns what is left of the format.
func (p *percent) one(f string) (out, rest string) {
	var named any
	hasName := strings.HasPrefix(f, "(")
	if hasName {
		end := strings.IndexByte(f, ')')
		if end < 0 {
			panic(Errorf("ValueError", "incomplete format key"))
		}
		if p.dict == nil {
			panic(typeErrorf("format requires a mapping"))
		}
		v, ok := p.dict.Get(f[1:end])
		if !ok {
			panic(Errorf("KeyError", "%s", quote(f[1:end])))
		}
		named, f, p.used = v, f[end+1:], len(p.values)
	}
	s := spec{fill: " ", align: '>', precision: -1}
	f = p.flags(f, &s)
	f = strings.TrimLeft(f, "hlL")
	if f == "" {
		panic(Errorf("ValueError", "incomplete format"))
	}
	verb, size := utf8.DecodeRuneInString(f)
	rest = f[size:]
	if verb == '%' {
		return "%", rest
	}
	if !hasName {
		named = p.next()
	}
	return s.percent(verb, named), rest
}

func (p *percent) flags(f string, s *spec) string {
	for f != "" && strings.IndexByte("-+ #0", f[0]) >= 0 {
		switch f[0] {
		case '-':
			s.align = '<'
		case '+':
			s.sign = '+'
		case ' ':
			if s.sign == 0 {
				s.sign = ' '
			}
		case '#':
			s.alt = true
		case '0':
			s.zero = true
		}
		f = f[1:]
	}
	if s.align == '<' {
		s.zero = false
	}
	s.width, f = p.count(f)
	if strings.HasPrefix(f, ".") {
		s.precision, f = p.count(f[1:])
	}
	return f
}

func (p *percent) count(f string) (int64, string) {
	if strings.HasPrefix(f, "*") {
		return Int(p.next()), f[1:]
	}
	return digits(f)
}

func digits(f string) (int64, string) {
	n := 0
	for n < len(f) && '0' <= f[n] && f[n] <= '9' {
		n++
	}
	if n == 0 {
		return 0, f
	}
	v, err := strconv.ParseInt(f[:n], 10, 64)
	if err != nil || v > MaxBytes {
		panic(Errorf("ValueError", "Too many decimal digits in format string"))
	}
	return v, f[n:]
}

func (s spec) percent(verb rune, v any) string {
	if u, ok := v.(*Undefined); ok && !strings.ContainsRune("srac", verb) {
		u.Raise()
	}
	switch verb {
	case 's':
		return s.text(Str(v))
	case 'r', 'a':
		return s.text(Repr(v))
	case 'c':
		if n, ok := v.(int64); ok {
			return s.text(string(rune(n)))
		}
		return s.text(String(v))
	case 'd', 'i', 'u':
		n, ok := number(v)
		if f, isFloat := v.(float64); isFloat {
			n, ok = truncate(f), true
		}
		if !ok {
			panic(typeErrorf("%%%c format: a real number is required, not %s", verb, TypeName(v)))
		}
		s.zero = s.zero && s.precision < 0
		return s.integer('d', n)
	case 'x', 'X', 'o':
		n, ok := number(v)
		if _, isFloat := v.(float64); !ok || isFloat {
			panic(typeErrorf("%%%c format: an integer is required, not %s", verb, TypeName(v)))
		}
		return s.integer(verb, n)
	case 'f', 'F', 'e', 'E', 'g', 'G':
		return s.float(verb, Float(v))
	}
	panic(Errorf("ValueError", "unsupported format character '%c' (0x%x)", verb, verb))
}
