package py

import (
	"slices"
	"strings"
)

func splitMethod(right bool) method {
	return func(s string, a Args) any {
		b := a.Bind("split", "sep?", "maxsplit?")
		n := Int(Or(b[1], int64(-1)))
		if n < 0 {
			n = MaxItems
		}
		sep := Or(b[0], nil)
		var parts []string
		switch {
		case sep == nil && right:
			parts = rsplitSpace(s, n)
		case sep == nil:
			parts = splitSpace(s, n)
		case right:
			parts = rsplit(s, separator(sep), n)
		default:
			parts = strings.SplitN(s, separator(sep), int(min(n, MaxItems))+1)
		}
		return strList(parts)
	}
}

func strList(parts []string) List {
	out := make(List, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

// splitSpace splits at runs of white space, at most n times; the rest keeps its trailing white space only when cut short.
func splitSpace(s string, n int64) []string {
	var parts []string
	s = strings.TrimLeftFunc(s, IsSpace)
	for s != "" {
		i := strings.IndexFunc(s, IsSpace)
		if i < 0 || int64(len(parts)) >= n {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = strings.TrimLeftFunc(s[i:], IsSpace)
	}
	return parts
}

func rsplitSpace(s string, n int64) []string {
	var parts []string
	s = strings.TrimRightFunc(s, IsSpace)
	for s != "" {
		i := strings.LastIndexFunc(s, IsSpace)
		if i < 0 || int64(len(parts)) >= n {
			parts = append(parts, s)
			break
		}
		word := strings.TrimLeftFunc(s[i:], IsSpace)
		parts = append(parts, word)
		s = strings.TrimRightFunc(s[:i], IsSpace)
	}
	slices.Reverse(parts)
	return parts
}

func rsplit(s, sep string, n int64) []string {
	var parts []string
	for int64(len(parts)) < n {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return parts
}

// splitLines is str.splitlines, which knows more line ends than \n.
func splitLines(s string, a Args) any {
	keep := Truth(Or(a.Bind("splitlines", "keepends?")[0], false))
	return strList(Lines(s, keep))
}

// Lines splits at Python's line boundaries.
func Lines(s string, keep bool) []string {
	var lines []string
	for s != "" {
		i := strings.IndexFunc(s, isLineEnd)
		if i < 0 {
			return append(lines, s)
		}
		end := i + endLen(s[i:])
		if keep {
			lines = append(lines, s[:end])
		} else {
			lines = append(lines, s[:i])
		}
		s = s[end:]
	}
	return lines
}

func isLineEnd(r rune) bool {
	return '\n' <= r && r <= '\r' || 0x1c <= r && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

func endLen(s string) int {
	if strings.HasPrefix(s, "\r\n") {
		return 2
	}
	for _, r := range s {
		return runeLen(s, r)
	}
	return 0
}
