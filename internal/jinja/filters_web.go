package jinja

import (
	"fmt"
	"html"
	"strings"
	"unicode"

	"fettle/internal/jinja/py"
)

// xmlattrFilter prints a mapping as attributes; what is none or undefined is left out.
func xmlattrFilter(_ *state, v any, a py.Args) any {
	autospace := py.Truth(py.Or(a.Bind("xmlattr", "autospace?")[0], true))
	d, ok := v.(*py.Dict)
	if !ok {
		panic(py.Errorf("AttributeError", "'%s' object has no attribute 'items'", py.TypeName(v)))
	}
	var items []string
	for i := range d.Len() {
		key, value := d.At(i)
		if _, undefined := value.(*py.Undefined); undefined || value == nil {
			continue
		}
		if !py.IsString(key) {
			panic(py.Errorf("TypeError", "expected string or bytes-like object, got '%s'", py.TypeName(key)))
		}
		name := py.Str(key)
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/>=", r) }) {
			panic(py.Errorf("ValueError", "Invalid character in attribute name: %s", py.Repr(key)))
		}
		items = append(items, escaped(key)+`="`+escaped(value)+`"`)
	}
	out := strings.Join(items, " ")
	if autospace && out != "" {
		out = " " + out
	}
	return out
}

func escaped(v any) string {
	if m, ok := v.(py.Markup); ok {
		return string(m)
	}
	return py.Escape(py.Str(v))
}

// urlencodeFilter quotes a text for a path, or pairs for a query.
func urlencodeFilter(_ *state, v any, a py.Args) any {
	a.Bind("urlencode")
	if d, ok := v.(*py.Dict); ok {
		v = py.List(d.Items().Items)
	}
	if py.IsString(v) || !py.IsIterable(v) {
		return quoteURL(py.Str(v), "/")
	}
	var parts []string
	for _, pair := range py.Iterate(v) {
		two := py.Iterate(pair)
		if len(two) != 2 {
			panic(py.Errorf("ValueError", "a query is made of pairs, not of %d values", len(two)))
		}
		parts = append(parts, queryPart(two[0])+"="+queryPart(two[1]))
	}
	return strings.Join(parts, "&")
}

func queryPart(v any) string { return strings.ReplaceAll(quoteURL(py.Str(v), ""), "%20", "+") }

// quoteURL is urllib.parse.quote.
func quoteURL(s, safe string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte("_.-~"+safe, c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// striptagsFilter leaves tags and comments out, makes white space single blanks and reads entities.
func striptagsFilter(_ *state, v any, a py.Args) any {
	a.Bind("striptags")
	s := py.Str(v)
	var b strings.Builder
	for {
		start := strings.IndexByte(s, '<')
		if start < 0 {
			break
		}
		from, closing := start, ">"
		if strings.HasPrefix(s[start:], "<!--") {
			from, closing = start+4, "-->"
		}
		end := strings.Index(s[from:], closing)
		if end < 0 { // not closed: it is text
			break
		}
		b.WriteString(s[:start])
		s = s[from+end+len(closing):]
	}
	b.WriteString(s)
	return html.UnescapeString(strings.Join(strings.FieldsFunc(b.String(), py.IsSpace), " "))
}

// filesizeformatFilter prints a number of bytes for people.
func filesizeformatFilter(s *state, v any, a py.Args) any {
	base, unit := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if py.Truth(py.Or(a.Bind("filesizeformat", "binary?")[0], false)) {
		base, unit = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	size, ok := number(v)
	switch {
	case !ok && py.IsString(v):
		panic(py.Errorf("ValueError", "could not convert string to float: %s", py.Repr(v)))
	case !ok:
		panic(py.Errorf("TypeError", "float() argument must be a string or a real number, not '%s'", py.TypeName(v)))
	case size == 1:
		return "1 Byte"
	case size < base:
		return fmt.Sprintf("%d Bytes", int64(size))
	}
	power := base
	for i, name := range unit {
		power *= base
		if size < power || i == len(unit)-1 {
			return fmt.Sprintf("%.1f %s", base*size/power, name)
		}
	}
	return nil // the last unit takes all
}

// groupbyFilter gives pairs of a value and the items that have it, sorted by the value.
func groupbyFilter(s *state, v any, a py.Args) any {
	b := a.Bind("groupby", "attribute", "default?", "case_sensitive?")
	exact := py.Truth(py.Or(b[2], false))
	real := s.keyOr(b[0], true, py.Or(b[1], nil))
	key := s.keyOr(b[0], exact, py.Or(b[1], nil))
	var out py.List
	var group py.List
	for _, item := range py.Sorted(py.Iterate(v), false, key) {
		if len(group) > 0 && !py.Equal(key(group[0]), key(item)) {
			out, group = append(out, py.Named([]string{"grouper", "list"}, real(group[0]), group)), nil
		}
		group = append(group, item)
	}
	if len(group) > 0 {
		out = append(out, py.Named([]string{"grouper", "list"}, real(group[0]), group))
	}
	if out == nil {
		out = py.List{}
	}
	return out
}
