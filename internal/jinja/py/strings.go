package py

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsSpace is str.isspace of one character; \s of Python's re agrees.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// method is a str method; s is the receiver.
type method func(s string, a Args) any

// strMethods are the methods of str that the sandbox leaves open, without encode, translate and maketrans, which make bytes.
var strMethods map[string]method

func init() {
	strMethods = map[string]method{
		"capitalize": plain("capitalize", Capitalize), "casefold": plain("casefold", fold),
		"lower": plain("lower", Lower), "upper": plain("upper", Upper),
		"swapcase": plain("swapcase", swapCase), "title": plain("title", titleCase),
		"strip": stripMethod("strip", true, true), "lstrip": stripMethod("lstrip", true, false), "rstrip": stripMethod("rstrip", false, true),
		"split": splitMethod(false), "rsplit": splitMethod(true), "splitlines": splitLines,
		"startswith": affixMethod("startswith", strings.HasPrefix), "endswith": affixMethod("endswith", strings.HasSuffix),
		"removeprefix": cutMethod("removeprefix", strings.TrimPrefix), "removesuffix": cutMethod("removesuffix", strings.TrimSuffix),
		"replace": replaceMethod, "join": joinMethod, "format": formatMethod, "format_map": formatMap,
		"find": findMethod("find", strings.Index, false), "rfind": findMethod("rfind", strings.LastIndex, false),
		"index": findMethod("index", strings.Index, true), "rindex": findMethod("rindex", strings.LastIndex, true), "count": countMethod,
		"partition": partitionMethod(false), "rpartition": partitionMethod(true), "zfill": zfill, "expandtabs": expandTabs,
		"center": justMethod("center", true, true), "ljust": justMethod("ljust", false, true), "rjust": justMethod("rjust", true, false),
		"isspace": allRunes("isspace", IsSpace), "isdigit": allRunes("isdigit", isDigit), "isdecimal": allRunes("isdecimal", isDecimal),
		"isnumeric": allRunes("isnumeric", isNumeric), "isalpha": allRunes("isalpha", isAlpha),
		"isalnum":     allRunes("isalnum", IsAlnum),
		"isascii":     emptyToo("isascii", func(r rune) bool { return r < utf8.RuneSelf }),
		"isprintable": emptyToo("isprintable", isPrint),
		"islower":     cased("islower", isLower, isUpper), "isupper": cased("isupper", isUpper, isLower),
		"istitle": isTitle, "isidentifier": isIdentifier,
	}
}

func strMethod(v any, name string) (any, bool) {
	m, ok := strMethods[name]
	if !ok {
		return nil, false
	}
	s, _ := text(v)
	if _, isMarkup := v.(Markup); !isMarkup {
		return &Func{Name: name, Do: func(a Args) any { return m(s, a) }}, true
	}
	return &Func{Name: name, Do: func(a Args) any { return marked(name, m(s, escapeArgs(name, a))) }}, true
}

// escapeArgs and marked give Markup's versions of the methods: what is put in is escaped, what comes out is Markup.
func escapeArgs(name string, a Args) Args {
	if name == "replace" && len(a.Pos) > 1 {
		a.Pos = append([]any{}, a.Pos...)
		a.Pos[1] = escapeValue(a.Pos[1])
	}
	return a
}

func escapeValue(v any) any {
	if s, ok := v.(string); ok {
		return Markup(Escape(s))
	}
	return v
}

func marked(name string, v any) any {
	switch v := v.(type) {
	case string:
		return Markup(v)
	case List:
		for i := range v {
			v[i] = marked(name, v[i])
		}
	case Tuple:
		for i := range v {
			v[i] = marked(name, v[i])
		}
	}
	return v
}

func plain(name string, f func(string) string) method {
	return func(s string, a Args) any {
		a.Bind(name)
		return f(s)
	}
}

// Strip is str.strip(chars); chars nil = white space.
func Strip(s string, chars any, left, right bool) string {
	in := IsSpace
	if chars != nil {
		set := String(chars)
		in = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, in)
	}
	if right {
		s = strings.TrimRightFunc(s, in)
	}
	return s
}

func stripMethod(name string, left, right bool) method {
	return func(s string, a Args) any {
		return Strip(s, Or(a.Bind(name, "chars?")[0], nil), left, right)
	}
}

func affixMethod(name string, has func(s, affix string) bool) method {
	return func(s string, a Args) any {
		b := a.Bind(name, "affix", "start?", "end?")
		var inside bool
		if s, _, inside = window(s, b[1], b[2]); !inside {
			return false
		}
		affixes, ok := b[0].(Tuple)
		if !ok {
			affixes = Tuple{b[0]}
		}
		for _, x := range affixes {
			affix, ok := text(x)
			if !ok {
				panic(typeErrorf("%s first arg must be str or a tuple of str, not %s", name, TypeName(x)))
			}
			if has(s, affix) {
				return true
			}
		}
		return false
	}
}

func cutMethod(name string, cut func(s, affix string) string) method {
	return func(s string, a Args) any { return cut(s, String(a.Bind(name, "affix")[0])) }
}

// window is s[start:end] and the bytes before it; inside is false when start lies behind the end.
func window(s string, start, end any) (part string, before int, inside bool) {
	if absent(start) && absent(end) {
		return s, 0, true
	}
	n := int64(utf8.RuneCountInString(s))
	open := func(v any) any {
		if absent(v) {
			return nil
		}
		return v
	}
	if i, ok := index(start); ok && i > n {
		return "", 0, false
	}
	r := span(n, open(start), open(end), nil)
	chars := []rune(s)
	return string(chars[r.Start : r.Start+r.Len()]), len(string(chars[:r.Start])), true
}

func absent(v any) bool { return v == nil || v == Missing }

func findMethod(name string, find func(s, sub string) int, must bool) method {
	return func(s string, a Args) any {
		b := a.Bind(name, "sub", "start?", "end?")
		part, before, inside := window(s, b[1], b[2])
		i := -1
		if sub := String(b[0]); inside {
			i = find(part, sub)
		}
		if i >= 0 {
			return int64(utf8.RuneCountInString(s[:before+i]))
		}
		if must {
			panic(Errorf("ValueError", "substring not found"))
		}
		return int64(-1)
	}
}

func countMethod(s string, a Args) any {
	b := a.Bind("count", "sub", "start?", "end?")
	part, _, inside := window(s, b[1], b[2])
	if !inside {
		return int64(0)
	}
	return int64(strings.Count(part, String(b[0])))
}

func partitionMethod(last bool) method {
	return func(s string, a Args) any {
		sep := separator(a.Bind("partition", "sep")[0])
		i := strings.Index(s, sep)
		if last {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case i >= 0:
			return Tuple{s[:i], sep, s[i+len(sep):]}
		case last:
			return Tuple{"", "", s}
		}
		return Tuple{s, "", ""}
	}
}

func separator(v any) string {
	sep := String(v)
	if sep == "" {
		panic(Errorf("ValueError", "empty separator"))
	}
	return sep
}

func replaceMethod(s string, a Args) any {
	b := a.Bind("replace", "old", "new", "count?")
	n := int64(-1)
	if b[2] != Missing {
		n = Int(b[2])
	}
	return Replace(s, String(b[0]), String(b[1]), n)
}

// Replace is str.replace; n < 0 = all.
func Replace(s, old, by string, n int64) string {
	hits := int64(strings.Count(s, old))
	if n >= 0 {
		hits = min(hits, n)
	}
	if grow := int64(len(by) - len(old)); grow > 0 {
		limit(product(hits, grow), MaxBytes)
	}
	return strings.Replace(s, old, by, int(min(n, hits)))
}

func joinMethod(s string, a Args) any {
	items := Iterate(a.Bind("join", "iterable")[0])
	parts := make([]string, len(items))
	total := int64(0)
	for i, v := range items {
		part, ok := text(v)
		if !ok {
			panic(typeErrorf("sequence item %d: expected str instance, %s found", i, TypeName(v)))
		}
		parts[i] = part
		total += int64(len(part) + len(s))
	}
	limit(total, MaxBytes)
	return strings.Join(parts, s)
}

func justMethod(name string, left, right bool) method {
	return func(s string, a Args) any {
		b := a.Bind(name, "width", "fillchar?")
		fill := String(Or(b[1], " "))
		if utf8.RuneCountInString(fill) != 1 {
			panic(typeErrorf("The fill character must be exactly one character long"))
		}
		return Pad(s, Int(b[0]), fill, left, right)
	}
}

// Pad fills s to width characters on the left, the right, or both (CPython's centre).
func Pad(s string, width int64, fill string, left, right bool) string {
	pad := width - int64(utf8.RuneCountInString(s))
	if pad <= 0 {
		return s
	}
	limit(width, MaxBytes)
	before := int64(0)
	switch {
	case left && right:
		before = pad/2 + pad&width&1
	case left:
		before = pad
	}
	return strings.Repeat(fill, int(before)) + s + strings.Repeat(fill, int(pad-before))
}

func zfill(s string, a Args) any {
	width := Int(a.Bind("zfill", "width")[0])
	sign := ""
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		sign, s = s[:1], s[1:]
	}
	return sign + Pad(s, width-int64(len(sign)), "0", true, false)
}

func expandTabs(s string, a Args) any {
	size := Int(Or(a.Bind("expandtabs", "tabsize?")[0], int64(8)))
	limit(product(int64(strings.Count(s, "\t")), max(size, 0)), MaxBytes)
	var b strings.Builder
	col := int64(0)
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - col%size
			b.WriteString(strings.Repeat(" ", int(n)))
			col += n
		case r == '\t':
		case r == '\n' || r == '\r':
			b.WriteRune(r)
			col = 0
		default:
			b.WriteRune(r)
			col++
		}
	}
	return b.String()
}
