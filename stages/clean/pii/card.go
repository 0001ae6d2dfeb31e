package pii

import "strings"

// cardEnd: 13 to 19 digits in one run or in groups, with an issuer's prefix, that issuer's length and the Luhn check.
func cardEnd(s string, i int) int {
	if !isDigit(s[i]) || !free(s, i) {
		return 0
	}
	digits, end := grouped(s, i)
	if !ends(s, end) || !issued(digits) || !luhn(digits) || strings.Trim(digits, digits[:1]) == "" {
		return 0
	}
	return end
}

// grouped reads one run of digits, or groups of 4 (Amex and Diners: 4, 6, 4 or 5) with one separator throughout.
func grouped(s string, i int) (digits string, end int) {
	end = span(s, i, isDigit)
	digits = s[i:end]
	if len(digits) != 4 || end == len(s) || s[end] != ' ' && s[end] != '-' {
		return digits, end
	}
	sep := s[end]
	for end < len(s) && s[end] == sep && len(digits) < 19 {
		stop := span(s, end+1, isDigit)
		n := stop - end - 1
		if n == 0 || n > 6 || len(digits)+n > 19 {
			break
		}
		digits += s[end+1 : stop]
		end = stop
		if n != 4 && n != 6 {
			break
		}
	}
	return digits, end
}

// issued knows prefixes and lengths: Visa, Mastercard, Amex, Diners, JCB, Discover, UnionPay, Maestro and the like.
func issued(d string) bool {
	n := len(d)
	if n < 13 || n > 19 {
		return false
	}
	switch four := d[:4]; {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case "51" <= d[:2] && d[:2] <= "55", "2221" <= four && four <= "2720":
		return n == 16
	case d[:2] == "34", d[:2] == "37":
		return n == 15
	case "300" <= d[:3] && d[:3] <= "305", d[:2] == "36", d[:2] == "38", d[:2] == "39":
		return n == 14 || n == 16
	case "3528" <= four && four <= "3589", d[:2] == "50", d[0] == '6':
		return n >= 16
	case "56" <= d[:2] && d[:2] <= "58":
		return n >= 16
	}
	return false
}

func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
