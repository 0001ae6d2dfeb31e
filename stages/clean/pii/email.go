package pii

import "strings"

// emailEnd: a dot-atom of the characters that people use, @, and a domain of at least two labels whose last is no number.
func emailEnd(s string, i int) int {
	if !isAlnum(s[i]) {
		return 0
	}
	at := span(s, i, isLocal)
	if at == len(s) || s[at] != '@' || at-i > 64 || !isAlnum(s[at-1]) && s[at-1] != '_' || strings.Contains(s[i:at], "..") {
		return 0
	}
	return domainEnd(s, at+1)
}

func isLocal(c byte) bool {
	return isAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\''
}

func domainEnd(s string, i int) int {
	end, labels := 0, 0
	for last := ""; i < len(s); i++ { // i: start of a label
		stop := span(s, i, func(c byte) bool { return isAlnum(c) || c == '-' })
		label := strings.TrimRight(s[i:stop], "-")
		if label == "" || label[0] == '-' || len(label) > 63 {
			break
		}
		labels, last = labels+1, label
		if labels > 1 && isTLD(last) {
			end = i + len(label)
		}
		if i = stop; i == len(s) || s[i] != '.' || len(label) < stop-i {
			break
		}
	}
	return end
}

func isTLD(label string) bool {
	if strings.HasPrefix(label, "xn--") {
		return true
	}
	return len(label) > 1 && span(label, 0, isAlpha) == len(label)
}
