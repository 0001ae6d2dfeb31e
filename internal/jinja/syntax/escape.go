package syntax

import (
	"strconv"
	"strings"
)

// simple are Python's one-character escapes.
var simple = map[byte]string{
	'\n': "", '\\': `\`, '\'': `'`, '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape decodes the inside of a string literal by Python's rules; an unknown escape keeps its backslash.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, `\`) {
		return s, true
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		c := s[i+1]
		s = s[i+2:]
		if text, ok := simple[c]; ok {
			b.WriteString(text)
			continue
		}
		switch c {
		case 'x', 'u', 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if len(s) < n {
				return "", false
			}
			code, err := strconv.ParseUint(s[:n], 16, 32)
			if err != nil || code > 0x10ffff {
				return "", false
			}
			b.WriteRune(rune(code))
			s = s[n:]
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n, code := 0, rune(c-'0')
			for n < 2 && n < len(s) && '0' <= s[n] && s[n] <= '7' {
				code = code*8 + rune(s[n]-'0')
				n++
			}
			b.WriteRune(code)
			s = s[n:]
		case 'N':
			return "", false // \N{NAME}: no table of names here
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), true
}
