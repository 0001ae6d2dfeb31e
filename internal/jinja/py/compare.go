package py

import (
	"math/big"
	"strings"
)

// Equal is a == b.
func Equal(a, b any) bool { return equal(a, b, 0) }

func equal(a, b any, depth int) bool {
	if depth > maxDepth {
		panic(Errorf("RecursionError", "maximum recursion depth exceeded in comparison"))
	}
	if s, ok := text(a); ok {
		t, ok := text(b)
		return ok && s == t
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && compareNumbers(x, y) == 0
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case List:
		b, ok := b.(List)
		return ok && equalItems(a, b, depth+1)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && equalItems(a, b, depth+1)
	case *Dict:
		b, ok := b.(*Dict)
		return ok && equalDicts(a, b, depth+1)
	case *Undefined:
		_, ok := b.(*Undefined)
		return ok
	}
	return Same(a, b)
}

func equalItems(a, b []any, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equal(a[i], b[i], depth) {
			return false
		}
	}
	return true
}

func equalDicts(a, b *Dict, depth int) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i, k := range a.keys {
		v, ok := b.Get(k)
		if !ok || !equal(a.vals[i], v, depth) {
			return false
		}
	}
	return true
}

// Same is `a is b` for the values where identity can be told: singletons, scalars of one type, objects.
func Same(a, b any) bool {
	switch a.(type) {
	case List, Tuple:
		return false
	}
	switch b.(type) {
	case List, Tuple:
		return false
	}
	return a == b
}

// Compare orders a and b for the operator op (<, <=, >, >=) and raises where Python has no order.
func Compare(op string, a, b any) bool {
	for _, v := range []any{a, b} {
		if u, ok := v.(*Undefined); ok {
			u.Raise()
		}
	}
	c, ok := order(op, a, b)
	if !ok {
		panic(typeErrorf("'%s' not supported between instances of '%s' and '%s'", op, TypeName(a), TypeName(b)))
	}
	if c == unordered {
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// unordered is the outcome of comparing with NaN: every operator is false.
const unordered = 2

func order(op string, a, b any) (int, bool) {
	if s, ok := text(a); ok {
		t, ok := text(b)
		return strings.Compare(s, t), ok // the byte order of UTF-8 is that of code points
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		if !ok {
			return 0, false
		}
		return compareNumbers(x, y), true
	}
	switch a := a.(type) {
	case List:
		if b, ok := b.(List); ok {
			return orderItems(op, a, b), true
		}
	case Tuple:
		if b, ok := b.(Tuple); ok {
			return orderItems(op, a, b), true
		}
	}
	return 0, false
}

func orderItems(op string, a, b []any) int {
	for i := range min(len(a), len(b)) {
		if Equal(a[i], b[i]) {
			continue
		}
		c, ok := order(op, a[i], b[i])
		if !ok {
			panic(typeErrorf("'%s' not supported between instances of '%s' and '%s'", op, TypeName(a[i]), TypeName(b[i])))
		}
		return c
	}
	return len(a) - len(b)
}

// number widens bool to int; the result is int64, *big.Int or float64.
func number(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return asInt(v), true
	case int64, float64, *big.Int:
		return v, true
	}
	return nil, false
}

func compareNumbers(a, b any) int {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	if isNaN(a) || isNaN(b) {
		return unordered
	}
	return exact(a).Cmp(exact(b))
}

func isNaN(v any) bool {
	f, ok := v.(float64)
	return ok && f != f
}

// exact holds any number without rounding (integers grow the mantissa they need).
func exact(v any) *big.Float {
	switch v := v.(type) {
	case int64:
		return new(big.Float).SetInt64(v)
	case *big.Int:
		return new(big.Float).SetInt(v)
	}
	return big.NewFloat(v.(float64))
}
