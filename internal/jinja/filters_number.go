package jinja

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"fettle/internal/jinja/py"
)

func absFilter(_ *state, v any, a py.Args) any {
	a.Bind("abs")
	if !isBool(v) && !isInteger(v) && !isFloat(v) {
		panic(py.Errorf("TypeError", "bad operand type for abs(): '%s'", py.TypeName(v)))
	}
	if py.Compare("<", v, int64(0)) {
		return py.Unary("-", v)
	}
	return py.Unary("+", v)
}

// intFilter is int(v), else int(float(v)), else the default.
func intFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("int", "default?", "base?")
	base := int(py.Int(py.Or(b[1], int64(10))))
	otherwise := py.Or(b[0], int64(0))
	if py.IsString(v) {
		text := strings.TrimFunc(py.Str(v), py.IsSpace)
		if n, ok := parseInt(text, base); ok {
			return n
		}
		f, ok := parseFloat(text)
		if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
			return otherwise
		}
		return truncate(f)
	}
	switch v := v.(type) {
	case bool, int64, *big.Int:
		return py.Unary("+", v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return otherwise
		}
		return truncate(v)
	case *py.Undefined:
		v.Raise()
	}
	return otherwise
}

func parseInt(s string, base int) (any, bool) {
	s = py.Decimal(s)
	if base != 0 && base != 10 { // int("0x1f", 16): the prefix is allowed
		prefix := map[int]string{16: "0x", 8: "0o", 2: "0b"}[base]
		if prefix != "" && strings.HasPrefix(strings.ToLower(s), prefix) {
			s = s[2:]
		}
	}
	s = strings.TrimPrefix(s, "+")
	if base == 10 && (strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__")) {
		return nil, false
	}
	if base == 10 {
		s = strings.ReplaceAll(s, "_", "")
	}
	if base < 0 || base == 1 || base > 36 || len(s) > 4300 {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok {
		return nil, false
	}
	return py.NormInt(n), true
}

// grouped is a line between two digits, which Python passes over.
var grouped = regexp.MustCompile(`(\d)_\b`)

func parseFloat(s string) (float64, bool) {
	if strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(py.Decimal(grouped.ReplaceAllString(s, "$1")), 64)
	return f, err == nil || math.IsInf(f, 0)
}

func truncate(f float64) any {
	n, _ := big.NewFloat(f).Int(nil)
	return py.NormInt(n)
}

// number is float(v).
func number(v any) (float64, bool) {
	if py.IsString(v) {
		return parseFloat(strings.TrimFunc(py.Str(v), py.IsSpace))
	}
	switch v := v.(type) {
	case bool, int64, *big.Int, float64:
		return py.Float(v), true
	case *py.Undefined:
		v.Raise()
	}
	return 0, false
}

func floatFilter(_ *state, v any, a py.Args) any {
	otherwise := py.Or(a.Bind("float", "default?")[0], 0.0)
	if py.IsString(v) {
		if f, ok := parseFloat(strings.TrimFunc(py.Str(v), py.IsSpace)); ok {
			return f
		}
		return otherwise
	}
	switch v := v.(type) {
	case bool, int64, *big.Int, float64:
		return py.Float(v)
	case *py.Undefined:
		v.Raise()
	}
	return otherwise
}

func roundFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("round", "precision?", "method?")
	precision, method := py.Int(py.Or(b[0], int64(0))), py.Or(b[1], "common")
	scale := math.Pow(10, float64(precision))
	switch method {
	case "common":
		return roundHalfEven(v, precision)
	case "ceil":
		return math.Ceil(py.Float(v)*scale) / scale
	case "floor":
		return math.Floor(py.Float(v)*scale) / scale
	}
	panic(py.Errorf("FilterArgumentError", "method must be common, ceil or floor"))
}

// roundHalfEven is round(v, precision): exact on the decimal value of the float, ties to even.
func roundHalfEven(v any, precision int64) any {
	if precision >= 0 {
		switch v := v.(type) {
		case bool, int64, *big.Int:
			return py.Unary("+", v)
		}
		f := py.Float(v)
		if math.IsNaN(f) || math.IsInf(f, 0) || precision > 300 {
			return f
		}
		out, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
		return out
	}
	scale := math.Pow(10, float64(-precision))
	out := math.RoundToEven(py.Float(v)/scale) * scale
	if _, isFloat := v.(float64); isFloat {
		return out
	}
	return truncate(out)
}
