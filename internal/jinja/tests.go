package jinja

import (
	"math/big"

	"fettle/internal/jinja/py"
)

type testFunc func(v any, a py.Args) bool

// tests are all of Jinja2's.
var tests map[string]testFunc

func init() { // the tests "filter" and "test" look into the tables
	tests = map[string]testFunc{
		"defined": none("defined", isDefined), "undefined": none("undefined", func(v any) bool { return !isDefined(v) }),
		"none": none("none", func(v any) bool { return v == nil }), "boolean": none("boolean", isBool),
		"true": none("true", func(v any) bool { return v == true }), "false": none("false", func(v any) bool { return v == false }),
		"integer": none("integer", isInteger), "float": none("float", isFloat),
		"number": none("number", func(v any) bool { return isBool(v) || isInteger(v) || isFloat(v) }),
		"string": none("string", py.IsString), "mapping": none("mapping", isMapping), "sequence": none("sequence", isSequence),
		"iterable": none("iterable", py.IsIterable), "callable": none("callable", isCallable), "escaped": none("escaped", isMarkup),
		"lower": none("lower", method("islower")), "upper": none("upper", method("isupper")),
		"odd":  none("odd", func(v any) bool { return py.Equal(py.Binary("%", v, int64(2)), int64(1)) }),
		"even": none("even", func(v any) bool { return py.Equal(py.Binary("%", v, int64(2)), int64(0)) }),
		"divisibleby": one("divisibleby", func(v, n any) bool {
			return py.Equal(py.Binary("%", v, n), int64(0))
		}),
		"sameas": one("sameas", py.Same), "in": one("in", func(v, seq any) bool { return py.Contains(seq, v) }),
		"filter": none("filter", func(v any) bool { return isName(filters, v) }),
		"test":   none("test", func(v any) bool { return isName(tests, v) }),
	}
	for op, names := range map[string][]string{"==": {"eq", "equalto"}, "!=": {"ne"}, ">": {"gt", "greaterthan"}, ">=": {"ge"},
		"<": {"lt", "lessthan"}, "<=": {"le"}} {
		for _, name := range append(names, op) {
			tests[name] = one(name, func(v, other any) bool { return holds(op, v, other) })
		}
	}
}

// isName says whether a value names an entry of a table; one that can be no key is a fault.
func isName[T any](table map[string]T, v any) bool {
	new(py.Dict).Get(v)
	_, ok := table[py.Str(v)]
	return ok && py.IsString(v)
}

func none(name string, is func(any) bool) testFunc {
	return func(v any, a py.Args) bool {
		a.Bind(name)
		return is(v)
	}
}

func one(name string, is func(v, arg any) bool) testFunc {
	return func(v any, a py.Args) bool { return is(v, a.Bind(name, "other")[0]) }
}

func isDefined(v any) bool { _, undefined := v.(*py.Undefined); return !undefined }

func isBool(v any) bool { _, ok := v.(bool); return ok }

func isFloat(v any) bool { _, ok := v.(float64); return ok }

func isMapping(v any) bool { _, ok := v.(*py.Dict); return ok }

func isMarkup(v any) bool { _, ok := v.(py.Markup); return ok }

func isInteger(v any) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}

// isSequence is what has a length and can be indexed: a dict too.
func isSequence(v any) bool {
	_, view := v.(*py.View)
	return py.HasLen(v) && !view
}

func isCallable(v any) bool {
	_, ok := v.(py.Callable)
	return ok || !isDefined(v)
}

func method(name string) func(any) bool {
	return func(v any) bool {
		f := py.Getattr(py.Str(v), name).(*py.Func)
		return py.Truth(f.Do(py.Args{}))
	}
}
