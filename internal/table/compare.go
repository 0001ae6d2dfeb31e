package table

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"
)

// comparable says whether values of a type can be compared with a literal of a condition.
func comparable(t Type, want any) error {
	ok := false
	switch want.(type) {
	case nil:
		ok = true
	case string:
		ok = t == String || t == Timestamp || t == Bytes
	case bool:
		ok = t == Bool
	default:
		ok = t == Int64 || t == Int32 || t == Float64 || t == Float32
	}
	if !ok {
		return fmt.Errorf("%s cannot be compared with %v", t, want)
	}
	return nil
}

func compare(v, want any, op string) bool {
	if v == nil || want == nil {
		equal := v == nil && want == nil
		return (op == "==" && equal) || (op == "!=" && !equal)
	}
	c := order(v, want)
	switch op {
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c == -1
	case "<=":
		return c == -1 || c == 0
	case ">":
		return c == 1
	}
	return c == 1 || c == 0
}

// unordered is the order of NaN and anything.
const unordered = 2

func order(v, want any) int {
	switch v := v.(type) {
	case string:
		return strings.Compare(v, want.(string))
	case []byte:
		return bytes.Compare(v, []byte(want.(string)))
	case time.Time:
		return v.Compare(want.(time.Time))
	case bool:
		if v == want.(bool) {
			return 0
		}
		return unordered
	case int64:
		if n, ok := want.(int64); ok {
			return cmp.Compare(v, n)
		}
		return orderFloats(float64(v), want)
	}
	return orderFloats(v.(float64), want)
}

func orderFloats(v float64, want any) int {
	f, ok := want.(float64)
	if !ok {
		f = float64(want.(int64))
	}
	if v != v || f != f {
		return unordered
	}
	return cmp.Compare(v, f)
}

// contains looks for a part of a text, or for an element of a list.
func (p *whereParser) contains(get func(Row) any, t Type, want any) test {
	if elem, ok := t.Elem(); ok {
		if err := comparable(elem, want); err != nil || elem == Timestamp {
			p.fail(fmt.Sprintf("%s cannot contain %v", t, want))
			return nil
		}
		return func(r Row) bool {
			list, _ := get(r).([]any)
			for _, e := range list {
				if compare(e, want, "==") {
					return true
				}
			}
			return false
		}
	}
	part, ok := want.(string)
	if !ok || t != String {
		p.fail(fmt.Sprintf("%s cannot contain %v", t, want))
		return nil
	}
	return func(r Row) bool {
		s, ok := get(r).(string)
		return ok && strings.Contains(s, part)
	}
}
