package config

import (
	"math"
	"math/big"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Numbers as people write them; YAML 1.1 would call 1e-4 text.
var (
	decimal = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?$`)
	whole   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	grouped = regexp.MustCompile(`^[-+]?[0-9]+(_[0-9]+)+(\.[0-9]*)?$`)
	radix   = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)$`)
)

// switches are the words that YAML 1.1 reads as bools.
var switches = map[string]string{"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}

// parseScalar sets dst from text; teach is added to what is wanted where the mistake is a known one.
func parseScalar(n *node, dst reflect.Value) (teach string, ok bool) {
	if dst.Kind() == reflect.String {
		dst.SetString(n.text)
		return "", true
	}
	if dst.Type() == durationType || dst.Type() == sizeType {
		return parseUnit(n.text, dst)
	}
	if n.quoted {
		if bare := (&node{text: n.text}); !n.block && settable(bare, dst.Type()) {
			return ", without quotes", false
		}
		return "", false
	}
	switch dst.Kind() {
	case reflect.Bool:
		return parseBool(n.text, dst)
	case reflect.Float32, reflect.Float64:
		return parseFloat(n.text, dst)
	}
	return parseInt(n.text, dst)
}

func settable(n *node, t reflect.Type) bool {
	_, ok := parseScalar(n, reflect.New(t).Elem())
	return ok
}

func parseUnit(s string, dst reflect.Value) (string, bool) {
	if dst.Type() == sizeType {
		v, err := ParseSize(s)
		dst.SetInt(int64(v))
		return "", err == nil
	}
	v, err := time.ParseDuration(s)
	dst.SetInt(int64(v))
	return "", err == nil
}

func parseBool(s string, dst reflect.Value) (string, bool) {
	switch lower := strings.ToLower(s); lower {
	case "true", "false":
		dst.SetBool(lower == "true")
		return "", true
	default:
		if is, known := switches[lower]; known {
			return ": write " + is, false
		}
		return "", false
	}
}

func parseFloat(s string, dst reflect.Value) (string, bool) {
	if !decimal.MatchString(s) {
		return teachNumber(s, dst), false
	}
	x, err := strconv.ParseFloat(s, dst.Type().Bits())
	if err != nil || math.IsInf(x, 0) {
		return ", small enough for a " + dst.Type().String(), false
	}
	exact, _ := new(big.Rat).SetString(s)
	if x == 0 && exact.Sign() != 0 {
		return ", not so close to 0", false
	}
	if whole.MatchString(s) && exact.Cmp(new(big.Rat).SetFloat64(x)) != 0 {
		return " that a " + dst.Type().String() + " can hold exactly", false
	}
	dst.SetFloat(x)
	return "", true
}

func parseInt(s string, dst reflect.Value) (string, bool) {
	if !whole.MatchString(s) {
		return teachNumber(s, dst), false
	}
	bits := dst.Type().Bits()
	if dst.CanUint() {
		v, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, bits)
		if err != nil {
			return ", from 0 to " + strconv.FormatUint(math.MaxUint64>>(64-bits), 10), false
		}
		dst.SetUint(v)
		return "", true
	}
	v, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return ", one that fits " + itoa(bits) + " bits", false
	}
	dst.SetInt(v)
	return "", true
}

// teachNumber explains a number that is written in a way that other YAML readers take differently.
func teachNumber(s string, dst reflect.Value) string {
	integer := dst.Kind() != reflect.Float32 && dst.Kind() != reflect.Float64
	switch {
	case grouped.MatchString(s):
		return ": write " + strings.ReplaceAll(s, "_", "")
	case radix.MatchString(s):
		return teachRadix(s)
	case integer && decimal.MatchString(s):
		exact, _ := new(big.Rat).SetString(s)
		if exact.IsInt() && len(exact.Num().String()) < 20 {
			return ": write " + exact.Num().String()
		}
	case strings.Contains(strings.ToLower(s), ".inf") || strings.EqualFold(s, ".nan"):
		return " that is finite"
	}
	return ""
}

// teachRadix: 017 is 15 in YAML 1.1 and 17 in YAML 1.2.
func teachRadix(s string) string {
	v, ok := new(big.Int).SetString(strings.Replace(s, "0O", "0o", 1), 0)
	digits := strings.TrimLeft(s, "+-")
	if !ok || len(v.String()) > 20 {
		return " in decimal digits"
	}
	if len(digits) > 1 && digits[1] >= '0' && digits[1] <= '9' {
		sign := strings.TrimRight(s[:len(s)-len(digits)], "+")
		return ": write " + sign + strings.TrimLeft(digits[:len(digits)-1], "0") + digits[len(digits)-1:] + ", or " + v.String() + " if octal was meant"
	}
	return ": write " + v.String()
}

// anyValue is a value without a wanted type, by the core schema of YAML 1.2.
func anyValue(n *node) any {
	switch n.kind {
	case nullNode:
		return nil
	case listNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = anyValue(item)
		}
		return out
	case mapNode:
		out := map[string]any{}
		for _, e := range n.entries {
			out[e.key] = anyValue(e.value)
		}
		return out
	}
	if n.quoted {
		return n.text
	}
	var b bool
	var i int64
	var x float64
	for _, v := range []reflect.Value{reflect.ValueOf(&b), reflect.ValueOf(&i), reflect.ValueOf(&x)} {
		if _, ok := parseScalar(n, v.Elem()); ok {
			return v.Elem().Interface()
		}
	}
	return n.text
}
