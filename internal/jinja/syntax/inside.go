package syntax

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"fettle/internal/jinja/py"
)

// Jinja2's own patterns of numbers and words.
var (
	floatPattern  = regexp.MustCompile(`^(?i:(\d+_)*\d+((\.(\d+_)*\d+)?e[+\-]?(\d+_)*\d+|\.(\d+_)*\d+))`)
	intPattern    = regexp.MustCompile(`^(?i:0b(_?[0-1])+|0o(_?[0-7])+|0x(_?[\da-f])+|[1-9](_?\d)*|0(_?0)*)`)
	namePattern   = regexp.MustCompile(`^[\p{L}\p{N}\p{Mn}\p{Mc}\p{Pc}]+`)
	stringPattern = regexp.MustCompile(`^(?s:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")`)
)

var operators = []string{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// inside lexes a tag up to its end, which braces opened within it hide.
func (l *lexer) inside(start int, end kind) error {
	var open []byte
	for l.pos < len(l.src) {
		if r, n := utf8.DecodeRuneInString(l.src[l.pos:]); py.IsSpace(r) {
			l.pos += n
			continue
		}
		if len(open) == 0 && l.tagEnd(end) {
			return nil
		}
		op, err := l.one()
		if err != nil {
			return err
		}
		if open, err = l.balance(open, op); err != nil {
			return err
		}
	}
	return l.fail(start, "unexpected end of template, the tag opened here is not closed")
}

func (l *lexer) tagEnd(end kind) bool {
	rest, shut := l.src[l.pos:], "%}"
	if end == kindVarEnd {
		shut = "}}"
	}
	at := l.pos
	switch {
	case strings.HasPrefix(rest, shut):
		l.pos += 2
		l.emit(token{kind: end, at: at})
		l.closeTag(false, end == kindBlockEnd)
	case strings.HasPrefix(rest, "-"+shut):
		l.pos += 3
		l.emit(token{kind: end, at: at})
		l.closeTag(true, false)
	case end == kindBlockEnd && strings.HasPrefix(rest, "+%}"):
		l.pos += 3
		l.emit(token{kind: end, at: at})
		l.closeTag(false, false)
	default:
		return false
	}
	return true
}

func (l *lexer) balance(open []byte, op string) ([]byte, error) {
	switch op {
	case "(":
		return append(open, ')'), nil
	case "[":
		return append(open, ']'), nil
	case "{":
		return append(open, '}'), nil
	case ")", "]", "}":
		if len(open) == 0 {
			return nil, l.fail(l.pos-1, "unexpected '%s'", op)
		}
		if want := open[len(open)-1]; want != op[0] {
			return nil, l.fail(l.pos-1, "unexpected '%s', expected '%c'", op, want)
		}
		return open[:len(open)-1], nil
	}
	return open, nil
}

// one lexes a token and returns it if it is an operator.
func (l *lexer) one() (op string, err error) {
	rest, at := l.src[l.pos:], l.pos
	afterDot := at > 0 && l.src[at-1] == '.' // x.1.2 is two integers, no float
	if m := floatPattern.FindString(rest); m != "" && !afterDot {
		l.pos += len(m)
		f, _ := strconv.ParseFloat(strings.ReplaceAll(m, "_", ""), 64)
		l.emit(token{kind: kindNumber, value: f, text: m, at: at})
		return "", nil
	}
	if m := intPattern.FindString(rest); m != "" {
		l.pos += len(m)
		n, _ := new(big.Int).SetString(strings.ReplaceAll(m, "_", ""), 0)
		if n == nil { // 00 is decimal zero
			n = new(big.Int)
		}
		l.emit(token{kind: kindNumber, value: py.NormInt(n), text: m, at: at})
		return "", nil
	}
	if m := namePattern.FindString(rest); m != "" {
		l.pos += len(m)
		if !py.Identifier(m) {
			return "", l.fail(at, "Invalid character in identifier")
		}
		l.emit(token{kind: kindName, text: m, at: at})
		return "", nil
	}
	if m := stringPattern.FindString(rest); m != "" {
		l.pos += len(m)
		s, ok := unescape(m[1 : len(m)-1])
		if !ok {
			return "", l.fail(at, "bad escape in string literal")
		}
		l.emit(token{kind: kindString, text: s, at: at})
		return "", nil
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			l.pos += len(op)
			l.emit(token{kind: kindOp, text: op, at: at})
			return op, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return "", l.fail(at, "unexpected char %q", r)
}
