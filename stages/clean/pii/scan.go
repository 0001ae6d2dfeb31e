// Package pii finds personal data and secrets in text: candidates by their shape, then validated by checksum, calendar or
// parsing. Borders are judged on ASCII letters and digits only, so Chinese text on both sides hides nothing; full-width
// digits and letters count as the plain ones.
//
// To add a type: a function end(s, i) in a file of its own and a line in detectors.
package pii

import (
	"strings"
	"unicode/utf8"
)

// The types.
const (
	Email      = "email"
	Mobile     = "cn_mobile"
	Landline   = "cn_landline"
	Phone      = "phone_intl"
	ResidentID = "cn_id"
	Company    = "cn_uscc" // unified social credit code
	Passport   = "cn_passport"
	Plate      = "cn_plate"
	Card       = "bank_card"
	IPv4       = "ipv4"
	IPv6       = "ipv6"
	Key        = "api_key"
)

// Types are all types, in the order in which equally long finds win.
var Types = []string{Key, Email, IPv6, IPv4, ResidentID, Company, Card, Mobile, Phone, Landline, Passport, Plate}

// Span is a find: text[Start:End].
type Span struct {
	Start, End int // bytes
	Type       string
}

// detector returns where the find that starts at s[i] ends, 0 if there is none. s[i-1] is no ASCII letter or digit.
type detector func(s string, i int) int

var detectors = map[string]detector{
	Key: keyEnd, Email: emailEnd, IPv6: ipv6End, IPv4: ipv4End, ResidentID: residentEnd, Company: companyEnd, Card: cardEnd,
	Mobile: mobileEnd, Phone: phoneEnd, Landline: landlineEnd, Passport: passportEnd, Plate: plateEnd,
}

// Scan returns the finds in order; they do not overlap. Of two that start together the longer one wins.
func Scan(text string) []Span {
	s, at := fold(text)
	var spans []Span
	for i := 0; i < len(s); {
		if !starts(s, i) {
			i++
			continue
		}
		best := Span{}
		for _, t := range Types {
			if end := detectors[t](s, i); end > best.End {
				best = Span{i, end, t}
			}
		}
		if best.End == 0 {
			i++
			continue
		}
		i = best.End
		if at != nil {
			best.Start, best.End = int(at[best.Start]), int(at[best.End])
		}
		spans = append(spans, best)
	}
	return spans
}

// starts says whether a find may begin at s[i]: at the first letter or digit of a run, at + ( and :, at a Han character.
func starts(s string, i int) bool {
	switch c := s[i]; {
	case isAlnum(c):
		return i == 0 || !isAlnum(s[i-1])
	case c == '+', c == '(', c == ':':
		return true
	default:
		return 0xE4 <= c && c <= 0xE9 // the provinces of plates, U+4EAC to U+95FD
	}
}

// fold makes full-width ASCII plain. at maps its bytes to those of the text; nil = the same.
func fold(text string) (s string, at []int32) {
	if !strings.Contains(text, "\xEF\xBC") && !strings.Contains(text, "\xEF\xBD") { // U+FF00 to U+FF7F
		return text, nil
	}
	var b strings.Builder
	for i, r := range text {
		n := b.Len()
		if 0xFF10 <= r && r <= 0xFF5A && r != '：' && r != '；' && r != '？' || strings.ContainsRune("％＋－．", r) {
			r -= 0xFEE0 // not the marks that part clauses, which end a find
		}
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(text[i:])
			b.WriteString(text[i : i+size])
		} else {
			b.WriteRune(r)
		}
		for ; n < b.Len(); n++ {
			at = append(at, int32(i))
		}
	}
	return b.String(), append(at, int32(len(text)))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isAlpha(c byte) bool { return isUpper(c) || 'a' <= c && c <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// span is the end of the run of bytes from i on that in accepts.
func span(s string, i int, in func(byte) bool) int {
	for i < len(s) && in(s[i]) {
		i++
	}
	return i
}

// ends says whether a number or code may end before s[i]: no letter or digit follows, nor a decimal fraction or another
// group joined by a hyphen.
func ends(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	if isAlnum(s[i]) || s[i] == '_' {
		return false
	}
	return !((s[i] == '.' || s[i] == '-') && i+1 < len(s) && isAlnum(s[i+1]))
}

// free says whether a number may begin at s[i]: it is no fraction and no later group of something longer.
func free(s string, i int) bool {
	if i == 0 {
		return true
	}
	switch c := s[i-1]; c {
	case '.', '-':
		return i < 2 || !isAlnum(s[i-2])
	case '_', '+':
		return false
	}
	return true
}
