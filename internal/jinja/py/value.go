package py

import (
	"fmt"
	"math/big"
	"unicode/utf8"
)

// MaxBytes bounds one string that an operation makes, and MaxItems one list: a template cannot exhaust the memory by a repeat.
const (
	MaxBytes = 64 << 20
	MaxItems = 1 << 20
)

// Markup is a string marked safe by the filter of that name; adding a plain string to it escapes the latter, as markupsafe does.
type Markup string

// List is a Python list. Templates run in the immutable sandbox, so it is never changed in place.
type List []any

// Tuple is a Python tuple.
type Tuple []any

// Named makes a tuple whose values can also be asked for by name (collections.namedtuple). The names lie beyond its length: in
// all else it is a tuple.
func Named(names []string, values ...any) Tuple {
	return Tuple(append(values, names))[:len(values)]
}

// names are those of a tuple made by Named.
func (t Tuple) names() []string {
	if cap(t) == len(t) {
		return nil
	}
	names, _ := t[:len(t)+1][len(t)].([]string)
	return names
}

// Range is range(start, stop, step).
type Range struct{ Start, Stop, Step int64 }

// Len is the number of integers in the range.
func (r Range) Len() int64 {
	switch {
	case r.Step > 0 && r.Start < r.Stop:
		return (r.Stop-r.Start-1)/r.Step + 1
	case r.Step < 0 && r.Start > r.Stop:
		return (r.Start-r.Stop-1)/-r.Step + 1
	}
	return 0
}

// View is dict.keys(), .values() or .items(): it has a length and can be walked, not indexed.
type View struct {
	Kind  string // dict_keys, dict_values, dict_items
	Items List
}

// Generator is an iterator: always true, without a length, empty once walked.
type Generator struct{ items []any }

// NewGenerator gives an iterator over the items.
func NewGenerator(items []any) *Generator { return &Generator{items} }

// Next takes the first item left.
func (g *Generator) Next() (any, bool) {
	if len(g.items) == 0 {
		return nil, false
	}
	v := g.items[0]
	g.items = g.items[1:]
	return v, true
}

// Undefined is Jinja's value of a name or attribute that does not exist: it prints nothing, iterates over nothing, is false,
// and raises on any other use.
type Undefined struct {
	Msg   string
	Class string // of the exception raised on use; "" = UndefinedError
}

// Raise panics with the exception of using the undefined value.
func (u *Undefined) Raise() {
	class := u.Class
	if class == "" {
		class = "UndefinedError"
	}
	panic(&Error{Class: class, Msg: u.Msg})
}

// Object is a value of the engine itself: namespace, loop, macro.
type Object interface {
	TypeName() string
	Attr(name string) (any, bool)
}

// Callable is a value that can be called.
type Callable interface{ Call(a Args) any }

// Func is a built-in function or bound method.
type Func struct {
	Name string
	Do   func(a Args) any
}

// Call runs the function.
func (f *Func) Call(a Args) any { return f.Do(a) }

// TypeName is type(v).__name__.
func TypeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Markup:
		return "Markup"
	case List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case Range:
		return "range"
	case *View:
		return v.Kind
	case *Generator:
		return "generator"
	case *Undefined:
		return "Undefined"
	case *Func:
		return "function"
	case Object:
		return v.TypeName()
	}
	panic(fmt.Sprintf("py: no Python value: %T", v))
}

// Truth is bool(v).
func Truth(v any) bool {
	switch v := v.(type) {
	case nil, *Undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case *Generator:
		return true
	}
	n, ok := length(v)
	return !ok || n > 0
}

// Len is len(v).
func Len(v any) int64 {
	n, ok := length(v)
	if !ok {
		panic(typeErrorf("object of type '%s' has no len()", TypeName(v)))
	}
	return n
}

// HasLen reports whether len(v) works.
func HasLen(v any) bool {
	_, ok := length(v)
	return ok
}

func length(v any) (int64, bool) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), true
	case Markup:
		return int64(utf8.RuneCountInString(string(v))), true
	case List:
		return int64(len(v)), true
	case Tuple:
		return int64(len(v)), true
	case *Dict:
		return int64(v.Len()), true
	case Range:
		return v.Len(), true
	case *View:
		return int64(len(v.Items)), true
	case *Undefined:
		return 0, true
	}
	return 0, false
}

// text returns the bytes of a str or Markup.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	}
	return "", false
}

// IsString reports whether v is a str (or Markup).
func IsString(v any) bool {
	_, ok := text(v)
	return ok
}

// limit raises when an operation would make more than max.
func limit(n, max int64) {
	if n > max || n < 0 {
		panic(Errorf("MemoryError", "the template makes a value of %d parts; the limit is %d", n, max))
	}
}
