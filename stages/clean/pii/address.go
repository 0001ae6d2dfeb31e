package pii

import (
	"net/netip"
	"strings"
)

// ipv4End: four parts without leading zeros, each at most 255, and no fifth.
func ipv4End(s string, i int) int {
	if !isDigit(s[i]) || !free(s, i) {
		return 0
	}
	end := span(s, i, func(c byte) bool { return isDigit(c) || c == '.' })
	end -= len(s[i:end]) - len(strings.TrimRight(s[i:end], "."))
	if end-i > 15 || !ends(s, end) {
		return 0
	}
	if a, err := netip.ParseAddr(s[i:end]); err != nil || !a.Is4() {
		return 0
	}
	return end
}

// ipv6End: what parses, but not the short forms that slices and scopes of program code look like (::, a::b, 1::2).
func ipv6End(s string, i int) int {
	if !isHex(s[i]) && s[i] != ':' || i > 0 && (s[i-1] == ':' || s[i-1] == '.') || s[i] == ':' && i > 0 && isAlnum(s[i-1]) {
		return 0
	}
	end := span(s, i, func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
	if end < len(s) && (isAlnum(s[end]) || s[end] == '_') {
		return 0
	}
	run := strings.TrimRight(s[i:end], ".")
	if strings.HasSuffix(run, ":") && !strings.HasSuffix(run, "::") {
		run = run[:len(run)-1]
	}
	if strings.Count(run, ":") < 2 || len(run)-strings.Count(run, ":") < 4 {
		return 0
	}
	if _, err := netip.ParseAddr(run); err != nil || strings.Contains(run, "::") && !strings.ContainsAny(run, "0123456789") {
		return 0
	}
	return i + len(run)
}
