package py

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

// Getattr is the sandbox's obj.name: the attribute, else the item of that name, else undefined.
func Getattr(obj any, name string) any {
	if v, ok := attribute(obj, name); ok {
		return v
	}
	if d, ok := obj.(*Dict); ok {
		if v, ok := d.Get(name); ok {
			return v
		}
	}
	return noAttribute(obj, name)
}

// Getitem is the sandbox's obj[key]: the item, else for a str the attribute, else undefined.
func Getitem(obj, key any) any {
	if u, ok := obj.(*Undefined); ok {
		u.Raise()
	}
	if v, ok := item(obj, key); ok {
		return v
	}
	name, ok := text(key)
	if !ok {
		return &Undefined{Msg: reprType(obj) + " has no element " + Repr(key)}
	}
	if v, ok := attribute(obj, name); ok {
		return v
	}
	return noAttribute(obj, name)
}

func noAttribute(obj any, name string) any {
	if strings.HasPrefix(name, "__") {
		return &Undefined{Class: "SecurityError", Msg: "access to attribute " + quote(name) + " of " + quote(TypeName(obj)) + " object is unsafe."}
	}
	return &Undefined{Msg: quote(reprType(obj)) + " has no attribute " + quote(name)}
}

func reprType(v any) string {
	if v == nil {
		return "None"
	}
	return TypeName(v) + " object"
}

// Attribute is getattr(obj, name) without the fall back to items: undefined when there is none.
func Attribute(obj any, name string) any {
	if v, ok := attribute(obj, name); ok {
		return v
	}
	return noAttribute(obj, name)
}

func attribute(obj any, name string) (any, bool) {
	switch obj := obj.(type) {
	case *Undefined:
		obj.Raise()
	case string, Markup:
		return strMethod(obj, name)
	case *Dict:
		return dictMethod(obj, name)
	case List:
		return listMethod(obj, name)
	case Tuple:
		if i := slices.Index(obj.names(), name); i >= 0 {
			return obj[i], true
		}
		return tupleMethod(obj, name)
	case Range:
		switch name {
		case "start":
			return obj.Start, true
		case "stop":
			return obj.Stop, true
		case "step":
			return obj.Step, true
		}
	case bool, int64, float64, *big.Int:
		return numberAttr(obj, name)
	case Object:
		return obj.Attr(name)
	}
	return nil, false
}

func numberAttr(v any, name string) (any, bool) {
	n, _ := number(v)
	f, isFloat := n.(float64)
	switch {
	case name == "real":
		return n, true
	case name == "imag" && isFloat:
		return 0.0, true
	case name == "imag":
		return int64(0), true
	case name == "is_integer" && isFloat:
		return &Func{Name: name, Do: func(a Args) any { a.Bind(name); return f == math.Trunc(f) && !math.IsInf(f, 0) }}, true
	case name == "bit_length" && !isFloat:
		return &Func{Name: name, Do: func(a Args) any { a.Bind(name); return int64(bigInt(n).BitLen()) }}, true
	}
	return nil, false
}

// item is obj[key] where Python finds one. An unhashable key is a TypeError, which Jinja catches: not found.
func item(obj, key any) (v any, ok bool) {
	if d, isDict := obj.(*Dict); isDict {
		if Try(func() { v, ok = d.Get(key) }) != nil {
			return nil, false
		}
		return v, ok
	}
	i, isInt := index(key)
	if !isInt {
		return nil, false
	}
	switch obj := obj.(type) {
	case List:
		return at(obj, i)
	case Tuple:
		return at(obj, i)
	case Range:
		n := obj.Len()
		if i < 0 {
			i += n
		}
		return obj.Start + i*obj.Step, 0 <= i && i < n
	case string, Markup:
		s, _ := text(obj)
		c, ok := charAt(s, i)
		return like(obj, c), ok
	}
	return nil, false
}

func index(key any) (int64, bool) {
	switch key := key.(type) {
	case bool:
		return asInt(key), true
	case int64:
		return key, true
	}
	return 0, false
}

func at(items []any, i int64) (any, bool) {
	if i < 0 {
		i += int64(len(items))
	}
	if i < 0 || i >= int64(len(items)) {
		return nil, false
	}
	return items[i], true
}

func charAt(s string, i int64) (string, bool) {
	if i < 0 {
		i += int64(utf8.RuneCountInString(s))
	}
	if i < 0 {
		return "", false
	}
	for at, r := range s {
		if i == 0 {
			return s[at : at+runeLen(s[at:], r)], true
		}
		i--
	}
	return "", false
}

// Slice is obj[start:stop:step]; nil bounds are open.
func Slice(obj, start, stop, step any) any {
	switch obj := obj.(type) {
	case List:
		return List(pick(obj, start, stop, step))
	case Tuple:
		return Tuple(pick(obj, start, stop, step))
	case Range:
		r := span(obj.Len(), start, stop, step)
		return Range{obj.Start + r.Start*obj.Step, obj.Start + r.Stop*obj.Step, r.Step * obj.Step}
	case string, Markup:
		s, _ := text(obj)
		return like(obj, sliceString(s, start, stop, step))
	case *Undefined:
		obj.Raise()
	case *Dict:
		panic(typeErrorf("unhashable type: 'slice'"))
	}
	panic(typeErrorf("'%s' object is not subscriptable", TypeName(obj)))
}

func sliceString(s string, start, stop, step any) string {
	chars := []rune(s)
	r := span(int64(len(chars)), start, stop, step)
	out := make([]rune, r.Len())
	for i := range out {
		out[i] = chars[r.Start+int64(i)*r.Step]
	}
	return string(out)
}

func pick(items []any, start, stop, step any) []any {
	r := span(int64(len(items)), start, stop, step)
	out := make([]any, r.Len())
	for i := range out {
		out[i] = items[r.Start+int64(i)*r.Step]
	}
	return out
}

// span is the indices that a slice of n items takes: slice(start, stop, step).indices(n).
func span(n int64, start, stop, step any) Range {
	by := int64(1)
	if step != nil {
		by = sliceIndex(step)
	}
	if by == 0 {
		panic(Errorf("ValueError", "slice step cannot be zero"))
	}
	by = min(max(by, -MaxBytes), MaxBytes) // beyond any length here; larger ones could overflow
	low, high := int64(0), n
	if by < 0 {
		low, high = -1, n-1
	}
	bound := func(v any, open int64) int64 {
		if v == nil {
			return open
		}
		i := sliceIndex(v)
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	if by < 0 {
		return Range{bound(start, high), bound(stop, low), by}
	}
	return Range{bound(start, low), bound(stop, high), by}
}

func sliceIndex(v any) int64 {
	i, ok := index(v)
	if !ok {
		panic(typeErrorf("slice indices must be integers or None or have an __index__ method"))
	}
	return i
}
