package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rules are a field's check tag.
type rules struct {
	required               bool
	min, max, above, below string // as written: numbers, durations or sizes
	oneof                  []string
	minlen, maxlen         int    // 0 = no limit
	path                   string // the path tag, for messages
}

// parseRules panics on a tag that means nothing: that is a bug of the struct.
func parseRules(f reflect.StructField) (r rules) {
	tag := f.Tag.Get("check")
	r.path = f.Tag.Get("path")
	if tag == "" {
		return r
	}
	for part := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "required":
			r.required = true
		case "min":
			r.min = arg
		case "max":
			r.max = arg
		case "above":
			r.above = arg
		case "below":
			r.below = arg
		case "oneof":
			r.oneof = strings.Split(arg, "|")
		case "minlen":
			r.minlen = length(f, arg)
		case "maxlen":
			r.maxlen = length(f, arg)
		default:
			panic(fmt.Sprintf("field %s: check:%q: no rule %q", f.Name, tag, name))
		}
	}
	return r
}

func length(f reflect.StructField, arg string) int {
	n, err := strconv.Atoi(arg)
	if err != nil {
		panic(fmt.Sprintf("field %s: length %q: %v", f.Name, arg, err))
	}
	return n
}

// element are the rules that hold for the elements of a list or a map.
func (r rules) element() rules {
	return rules{min: r.min, max: r.max, above: r.above, below: r.below, oneof: r.oneof, path: r.path}
}

// broken says whether a value breaks a rule; required is judged elsewhere.
func (r rules) broken(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		n := utf8.RuneCountInString(v.String())
		return len(r.oneof) > 0 && !slices.Contains(r.oneof, v.String()) || r.length(n)
	case reflect.Slice, reflect.Map:
		return r.length(v.Len())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return r.outside(amountOf(v), v.Type()) || len(r.oneof) > 0 && !slices.Contains(r.oneof, fmt.Sprint(v.Interface()))
	}
	return false
}

func (r rules) length(n int) bool { return n < r.minlen || r.maxlen > 0 && n > r.maxlen }

func (r rules) outside(x float64, t reflect.Type) bool {
	return r.min != "" && !(x >= amount(r.min, t)) || r.max != "" && !(x <= amount(r.max, t)) ||
		r.above != "" && !(x > amount(r.above, t)) || r.below != "" && !(x < amount(r.below, t))
}

// amountOf is a number as float64; settings are far below 2^53, where that is exact.
func amountOf(v reflect.Value) float64 {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.Kind() == reflect.Float32:
		x, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', -1, 32), 64) // 0.1 as float32 is 0.1
		return x
	}
	return v.Float()
}

// amount reads a limit of a check tag.
func amount(s string, t reflect.Type) float64 {
	switch t {
	case durationType:
		if d, err := time.ParseDuration(s); err == nil {
			return float64(d)
		}
	case sizeType:
		if n, err := ParseSize(s); err == nil {
			return float64(n)
		}
	default:
		if x, err := strconv.ParseFloat(s, 64); err == nil {
			return x
		}
	}
	panic(fmt.Sprintf("check: limit %q is no %s", s, t))
}
