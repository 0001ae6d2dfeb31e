package py

import (
	"slices"
	"strings"
)

// Args are the arguments of a call, keywords in the order written.
type Args struct {
	Pos    []any
	Names  []string
	Values []any
}

// Missing stands for a parameter that the caller did not give.
var Missing = &struct{ missing byte }{}

// Bind lays the arguments over the parameters; one whose name ends in "?" may be absent and is then Missing. Too few, too many
// or unknown ones raise TypeError.
func (a Args) Bind(function string, params ...string) []any {
	if len(a.Pos) > len(params) {
		panic(typeErrorf("%s() takes at most %d arguments (%d given)", function, len(params), len(a.Pos)))
	}
	out := make([]any, len(params))
	for i := range out {
		out[i] = Missing
	}
	copy(out, a.Pos)
	for i, name := range a.Names {
		at := slices.IndexFunc(params, func(p string) bool { return strings.TrimSuffix(p, "?") == name })
		if at < 0 {
			panic(typeErrorf("%s() got an unexpected keyword argument '%s'", function, name))
		}
		if out[at] != Missing {
			panic(typeErrorf("%s() got multiple values for argument '%s'", function, name))
		}
		out[at] = a.Values[i]
	}
	for i, v := range out {
		if v == Missing && !strings.HasSuffix(params[i], "?") {
			panic(typeErrorf("%s() missing required argument '%s'", function, params[i]))
		}
	}
	return out
}

// Or returns v, or otherwise when it was not given.
func Or(v, otherwise any) any {
	if v == Missing {
		return otherwise
	}
	return v
}

// Int is an index argument: an int, or TypeError.
func Int(v any) int64 {
	switch v := v.(type) {
	case bool:
		return asInt(v)
	case int64:
		return v
	}
	panic(typeErrorf("'%s' object cannot be interpreted as an integer", TypeName(v)))
}

// String is a str argument, or TypeError.
func String(v any) string {
	if s, ok := text(v); ok {
		return s
	}
	panic(typeErrorf("must be str, not %s", TypeName(v)))
}
