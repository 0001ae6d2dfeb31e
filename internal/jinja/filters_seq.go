package jinja

import (
	"slices"
	"strconv"
	"strings"

	"fettle/internal/jinja/py"
)

// keyOf is Jinja2's attribute getter: "a.b.0" walks items, an int is one step, nil is the value itself. Unless exact, text is
// lowered for comparison.
func (s *state) keyOf(attribute any, exact bool) func(any) any { return s.keyOr(attribute, exact, nil) }

// keyOr is keyOf with a value for steps that are undefined; nil = none.
func (s *state) keyOr(attribute any, exact bool, otherwise any) func(any) any {
	path := attributePath(attribute)
	return func(v any) any {
		for _, step := range path {
			v = py.Getitem(v, step)
			if _, undefined := v.(*py.Undefined); undefined && otherwise != nil {
				v = otherwise
			}
		}
		if py.IsString(v) && !exact {
			return py.Lower(py.Str(v))
		}
		return v
	}
}

func attributePath(attribute any) []any {
	switch attribute := attribute.(type) {
	case nil:
		return nil
	case string:
		var path []any
		for step := range strings.SplitSeq(attribute, ".") {
			if n, err := strconv.ParseUint(step, 10, 62); err == nil {
				path = append(path, int64(n))
			} else {
				path = append(path, step)
			}
		}
		return path
	}
	return []any{attribute}
}

func mapFilter(s *state, v any, a py.Args) any {
	f := s.mapper(a)
	var out []any
	if py.Truth(v) {
		for _, item := range py.Iterate(v) {
			out = append(out, f(item))
		}
	}
	return py.NewGenerator(out)
}

func (s *state) mapper(a py.Args) func(any) any {
	if len(a.Pos) > 0 {
		name := py.String(a.Pos[0])
		rest := py.Args{Pos: a.Pos[1:], Names: a.Names, Values: a.Values}
		return func(v any) any { return s.applyFilter(name, v, rest) }
	}
	b := a.Bind("map", "attribute?", "default?")
	if b[0] == py.Missing {
		panic(py.Errorf("FilterArgumentError", "map requires a filter argument"))
	}
	return s.keyOr(b[0], true, py.Or(b[1], nil))
}

// selectFilter makes select, reject, selectattr and rejectattr: want is the outcome of the test that keeps an item.
func selectFilter(name string, byAttribute, want bool) filterFunc {
	return func(s *state, v any, a py.Args) any {
		key := s.keyOf(nil, true)
		if byAttribute {
			if len(a.Pos) == 0 {
				panic(py.Errorf("FilterArgumentError", "%s: missing parameter for attribute name", name))
			}
			key = s.keyOf(a.Pos[0], true)
			a.Pos = a.Pos[1:]
		}
		holds := py.Truth
		if len(a.Pos) > 0 {
			test, rest := py.String(a.Pos[0]), py.Args{Pos: a.Pos[1:], Names: a.Names, Values: a.Values}
			holds = func(v any) bool { return s.test(test, v, rest) }
		}
		var out []any
		if py.Truth(v) {
			for _, item := range py.Iterate(v) {
				if holds(key(item)) == want {
					out = append(out, item)
				}
			}
		}
		return py.NewGenerator(out)
	}
}

func sortFilter(s *state, v any, a py.Args) any {
	b := a.Bind("sort", "reverse?", "case_sensitive?", "attribute?")
	key := s.keysOf(py.Or(b[2], nil), py.Truth(py.Or(b[1], false)))
	return py.List(py.Sorted(py.Iterate(v), py.Truth(py.Or(b[0], false)), key))
}

// keysOf gives a tuple of the attributes named, one or several divided by commas.
func (s *state) keysOf(attributes any, exact bool) func(any) any {
	keys := []func(any) any{}
	if names, ok := attributes.(string); ok {
		for name := range strings.SplitSeq(names, ",") {
			keys = append(keys, s.keyOf(name, exact))
		}
	} else {
		keys = append(keys, s.keyOf(attributes, exact))
	}
	return func(v any) any {
		out := make(py.Tuple, len(keys))
		for i, key := range keys {
			out[i] = key(v)
		}
		return out
	}
}

func uniqueFilter(s *state, v any, a py.Args) any {
	b := a.Bind("unique", "case_sensitive?", "attribute?")
	key := s.keyOf(py.Or(b[1], nil), py.Truth(py.Or(b[0], false)))
	var seen py.Dict
	var out []any
	for _, item := range py.Iterate(v) {
		k := key(item)
		if _, ok := seen.Get(k); !ok {
			seen.Set(k, nil)
			out = append(out, item)
		}
	}
	return py.NewGenerator(out)
}

func extremeFilter(name, op string) filterFunc {
	return func(s *state, v any, a py.Args) any {
		b := a.Bind(name, "case_sensitive?", "attribute?")
		key := s.keyOf(py.Or(b[1], nil), py.Truth(py.Or(b[0], false)))
		items := py.Iterate(v)
		if len(items) == 0 {
			return &py.Undefined{Msg: "No aggregated item, sequence was empty."}
		}
		best := items[0]
		for _, item := range items[1:] {
			if py.Compare(op, key(item), key(best)) {
				best = item
			}
		}
		return best
	}
}

func sumFilter(s *state, v any, a py.Args) any {
	b := a.Bind("sum", "attribute?", "start?")
	key := s.keyOf(py.Or(b[0], nil), true)
	total := py.Or(b[1], int64(0))
	if py.IsString(total) {
		panic(py.Errorf("TypeError", "sum() can't sum strings [use ''.join(seq) instead]"))
	}
	for _, item := range py.Iterate(v) {
		total = py.Binary("+", total, key(item))
	}
	return total
}

func reverseFilter(_ *state, v any, a py.Args) any {
	a.Bind("reverse")
	if py.IsString(v) {
		return py.Slice(v, nil, nil, int64(-1))
	}
	items, ok := py.Items(v)
	if !ok {
		panic(py.Errorf("FilterArgumentError", "argument must be iterable"))
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, isGenerator := v.(*py.Generator); isGenerator {
		return py.List(items)
	}
	return py.NewGenerator(items)
}

func batchFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("batch", "linecount", "fill_with?")
	n, fill := int(py.Int(b[0])), py.Or(b[1], nil)
	var out []any
	var row py.List
	for _, item := range py.Iterate(v) {
		if len(row) == n {
			out, row = append(out, row), nil
		}
		row = append(row, item)
	}
	if len(row) > 0 {
		for fill != nil && len(row) < n {
			row = append(row, fill)
		}
		out = append(out, row)
	}
	return py.NewGenerator(out)
}

func sliceFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("slice", "slices", "fill_with?")
	items, n, fill := py.Iterate(v), int(py.Int(b[0])), py.Or(b[1], nil)
	if n <= 0 || n > py.MaxItems {
		panic(py.Errorf("ZeroDivisionError", "cannot make %d slices", n))
	}
	per, extra := len(items)/n, len(items)%n
	var out []any
	for i, at := 0, 0; i < n; i++ {
		end := at + per
		if i < extra {
			end++
		}
		row := slices.Clone(py.List(items[at:end]))
		if fill != nil && i >= extra {
			row = append(row, fill)
		}
		out, at = append(out, row), end
	}
	return py.NewGenerator(out)
}

func dictsortFilter(s *state, v any, a py.Args) any {
	b := a.Bind("dictsort", "case_sensitive?", "by?", "reverse?")
	at := int64(0)
	switch by := py.Or(b[1], "key"); by {
	case "key":
	case "value":
		at = 1
	default:
		panic(py.Errorf("FilterArgumentError", `You can only sort by either "key" or "value"`))
	}
	d, ok := v.(*py.Dict)
	if !ok {
		panic(py.Errorf("UndefinedError", "'%s object' has no attribute 'items'", py.TypeName(v)))
	}
	key := s.keyOf(at, py.Truth(py.Or(b[0], false)))
	return py.List(py.Sorted(d.Items().Items, py.Truth(py.Or(b[2], false)), key))
}
