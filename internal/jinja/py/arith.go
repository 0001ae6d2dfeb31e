package py

import (
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// maxBits bounds integers, so that a power cannot grow without end.
const maxBits = 1 << 16

// Binary computes a op b for + - * / // % **.
func Binary(op string, a, b any) any {
	if op == "%" {
		if s, ok := text(a); ok {
			return like(a, Percent(s, b))
		}
	}
	for _, v := range []any{a, b} {
		if u, ok := v.(*Undefined); ok {
			u.Raise()
		}
	}
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case okX && okY:
		return arithmetic(op, x, y)
	case op == "+":
		return add(a, b)
	case op == "*" && okY:
		return repeat(a, b, y)
	case op == "*" && okX:
		return repeat(b, a, x)
	}
	panic(unsupported(op, a, b))
}

func unsupported(op string, a, b any) *Error {
	if op == "**" {
		op = "** or pow()"
	}
	return typeErrorf("unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(a), TypeName(b))
}

func add(a, b any) any {
	switch a := a.(type) {
	case string, Markup:
		if !IsString(b) {
			panic(typeErrorf("can only concatenate str (not \"%s\") to str", TypeName(b)))
		}
		return Join(a, b)
	case List:
		b, ok := b.(List)
		if !ok {
			break
		}
		limit(int64(len(a)+len(b)), MaxItems)
		return append(a[:len(a):len(a)], b...)
	case Tuple:
		b, ok := b.(Tuple)
		if !ok {
			break
		}
		limit(int64(len(a)+len(b)), MaxItems)
		return append(a[:len(a):len(a)], b...)
	}
	switch a.(type) {
	case List, Tuple:
		panic(typeErrorf("can only concatenate %s (not \"%s\") to %[1]s", TypeName(a), TypeName(b)))
	}
	panic(unsupported("+", a, b))
}

// Join is a + b of two strings: with Markup on either side the other is escaped.
func Join(a, b any) any {
	s, _ := text(a)
	t, _ := text(b)
	limit(int64(len(s)+len(t)), MaxBytes)
	_, markA := a.(Markup)
	_, markB := b.(Markup)
	switch {
	case markA && !markB:
		return Markup(s + Escape(t))
	case markB && !markA:
		return Markup(Escape(s) + t)
	case markA:
		return Markup(s + t)
	}
	return s + t
}

// Escape is markupsafe.escape of a plain string.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;").Replace(s)
}

func repeat(seq, other, count any) any {
	n, ok := count.(int64)
	if !ok {
		if !IsString(seq) {
			switch seq.(type) {
			case List, Tuple:
			default:
				panic(unsupported("*", seq, other))
			}
		}
		panic(typeErrorf("can't multiply sequence by non-int of type '%s'", TypeName(other)))
	}
	n = max(n, 0)
	if s, ok := text(seq); ok {
		limit(product(n, int64(len(s))), MaxBytes)
		return like(seq, strings.Repeat(s, int(n)))
	}
	switch seq := seq.(type) {
	case List:
		return List(repeatItems(seq, n))
	case Tuple:
		return Tuple(repeatItems(seq, n))
	}
	panic(unsupported("*", seq, other))
}

func repeatItems(items []any, n int64) []any {
	limit(product(n, int64(len(items))), MaxItems)
	var out []any
	for range n {
		out = append(out, items...)
	}
	return out
}

// product is a*b for sizes, -1 on overflow.
func product(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > math.MaxInt64 {
		return -1
	}
	return int64(lo)
}

// like gives s the type of the string v.
func like(v any, s string) any {
	if _, ok := v.(Markup); ok {
		return Markup(s)
	}
	return s
}

func arithmetic(op string, a, b any) any {
	_, floatA := a.(float64)
	_, floatB := b.(float64)
	if floatA || floatB || op == "/" {
		return floatArithmetic(op, Float(a), Float(b))
	}
	x, okX := a.(int64)
	y, okY := b.(int64)
	const small = 1 << 31
	if okX && okY && -small < x && x < small && -small < y && y < small {
		switch op {
		case "+":
			return x + y
		case "-":
			return x - y
		case "*":
			return x * y
		}
	}
	return intArithmetic(op, bigInt(a), bigInt(b))
}

func floatArithmetic(op string, a, b float64) any {
	if b == 0 && (op == "/" || op == "//" || op == "%") {
		panic(Errorf("ZeroDivisionError", "division by zero"))
	}
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	case "%":
		m := math.Mod(a, b)
		if m != 0 && (m < 0) != (b < 0) {
			m += b
		}
		return m
	}
	if a == 0 && b < 0 {
		panic(Errorf("ZeroDivisionError", "0.0 cannot be raised to a negative power"))
	}
	if p := math.Pow(a, b); !math.IsNaN(p) && (!math.IsInf(p, 0) || math.IsInf(a, 0) || math.IsInf(b, 0)) {
		return p
	}
	panic(Errorf("OverflowError", "numerical result out of range"))
}

func intArithmetic(op string, a, b *big.Int) any {
	out := new(big.Int)
	switch op {
	case "+":
		out.Add(a, b)
	case "-":
		out.Sub(a, b)
	case "*":
		limit(int64(a.BitLen()+b.BitLen()), maxBits)
		out.Mul(a, b)
	case "//", "%":
		if b.Sign() == 0 {
			panic(Errorf("ZeroDivisionError", "integer division or modulo by zero"))
		}
		m := new(big.Int)
		out.QuoRem(a, b, m) // truncated; Python floors
		if m.Sign() != 0 && m.Sign() != b.Sign() {
			out.Sub(out, big.NewInt(1))
			m.Add(m, b)
		}
		if op == "%" {
			return NormInt(m)
		}
	case "**":
		if b.Sign() < 0 {
			return floatArithmetic(op, Float(NormInt(a)), Float(NormInt(b)))
		}
		if !b.IsInt64() {
			limit(-1, maxBits)
		}
		limit(product(int64(a.BitLen()), b.Int64()), maxBits)
		out.Exp(a, b, nil)
	}
	return NormInt(out)
}

func bigInt(v any) *big.Int {
	if x, ok := v.(int64); ok {
		return big.NewInt(x)
	}
	return v.(*big.Int)
}

// NormInt is an int64 where it fits.
func NormInt(v *big.Int) any {
	if v.IsInt64() {
		return v.Int64()
	}
	return v
}

// Float is float(v) of a number.
func Float(v any) float64 {
	switch v := v.(type) {
	case bool:
		return float64(asInt(v))
	case int64:
		return float64(v)
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			panic(Errorf("OverflowError", "int too large to convert to float"))
		}
		return f
	case float64:
		return v
	case *Undefined:
		v.Raise()
	}
	panic(typeErrorf("must be real number, not %s", TypeName(v)))
}

// Unary computes +v or -v.
func Unary(op string, v any) any {
	if u, ok := v.(*Undefined); ok {
		u.Raise()
	}
	x, ok := number(v)
	switch {
	case !ok:
		panic(typeErrorf("bad operand type for unary %s: '%s'", op, TypeName(v)))
	case op == "+":
		return x
	}
	switch x := x.(type) {
	case float64:
		return -x
	default:
		return intArithmetic("-", new(big.Int), bigInt(x))
	}
}
