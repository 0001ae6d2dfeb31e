package py

import "strings"

// Iterate is list(v): the items a for loop would see.
func Iterate(v any) []any {
	items, ok := Items(v)
	if !ok {
		panic(typeErrorf("'%s' object is not iterable", TypeName(v)))
	}
	return items
}

// Items returns the items of an iterable; a generator is used up.
func Items(v any) ([]any, bool) {
	switch v := v.(type) {
	case List:
		return v, true
	case Tuple:
		return v, true
	case *Dict:
		return v.keys, true
	case string:
		return runes(v), true
	case Markup: // its letters are plain text
		return runes(string(v)), true
	case Range:
		return v.items(), true
	case *View:
		return v.Items, true
	case *Generator:
		items := v.items
		v.items = nil
		return items, true
	case *Undefined:
		return nil, true
	}
	return nil, false
}

// IsIterable reports whether iter(v) works, without using a generator up.
func IsIterable(v any) bool {
	if _, ok := v.(*Generator); ok {
		return true
	}
	return HasLen(v)
}

func runes(s string) []any {
	var out []any
	for i, r := range s {
		out = append(out, s[i:i+runeLen(s[i:], r)])
	}
	return out
}

func (r Range) items() []any {
	n := r.Len()
	limit(n, MaxItems)
	out := make([]any, n)
	for i := range out {
		out[i] = r.Start + int64(i)*r.Step
	}
	return out
}

// Contains is `item in container`.
func Contains(container, item any) bool {
	if s, ok := text(container); ok {
		sub, ok := text(item)
		if !ok {
			panic(typeErrorf("'in <string>' requires string as left operand, not %s", TypeName(item)))
		}
		return strings.Contains(s, sub)
	}
	if d, ok := container.(*Dict); ok {
		_, found := d.Get(item)
		return found
	}
	items, ok := Items(container)
	if !ok {
		panic(typeErrorf("argument of type '%s' is not iterable", TypeName(container)))
	}
	for _, x := range items {
		if Equal(x, item) {
			return true
		}
	}
	return false
}
