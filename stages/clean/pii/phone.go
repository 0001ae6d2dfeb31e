package pii

import "strings"

// mobileEnd: a mainland mobile number, 1[3-9] and nine digits in one run or as 3-4-4, with or without the country.
func mobileEnd(s string, i int) int {
	if !free(s, i) {
		return 0
	}
	for _, country := range []string{"(+86)", "+86", "0086", "86", ""} {
		if strings.HasPrefix(s[i:], country) {
			at := i + len(country)
			if country != "" && at < len(s) && (s[at] == ' ' || s[at] == '-') {
				at++
			}
			if end := mobileNumber(s, at); end > 0 && ends(s, end) {
				return end
			}
		}
	}
	return 0
}

func mobileNumber(s string, i int) int {
	if i+11 > len(s) || s[i] != '1' || s[i+1] < '3' || s[i+1] > '9' {
		return 0
	}
	if span(s, i, isDigit) == i+11 {
		return i + 11
	}
	if i+13 > len(s) || s[i+3] != ' ' && s[i+3] != '-' || s[i+8] != s[i+3] {
		return 0
	}
	if span(s, i, isDigit) == i+3 && span(s, i+4, isDigit) == i+8 && span(s, i+9, isDigit) == i+13 {
		return i + 13
	}
	return 0
}

// landlineEnd: area code, separator or brackets, 7 or 8 digits that do not begin with 0 or 1.
func landlineEnd(s string, i int) int {
	bracket := s[i] == '('
	at := i
	if bracket {
		at++
	}
	stop := span(s, at, isDigit)
	if !free(s, i) || stop == len(s) || !isArea(s[at:stop]) {
		return 0
	}
	switch {
	case bracket && s[stop] != ')':
		return 0
	case !bracket && s[stop] != '-' && s[stop] != ' ':
		return 0
	}
	first := stop + 1
	if bracket && first < len(s) && (s[first] == ' ' || s[first] == '-') {
		first++
	}
	end := span(s, first, isDigit)
	n := end - first
	if n != 8 && (n != 7 || stop-at == 3) || s[first] < '2' || !ends(s, end) {
		return 0
	}
	return end
}

// isArea: 010 and 02x have eight-digit numbers, the others four digits of area.
func isArea(code string) bool {
	switch len(code) {
	case 3:
		return code == "010" || code[:2] == "02" && code != "026"
	case 4:
		return code[0] == '0' && code[1] >= '3'
	}
	return false
}

// phoneEnd: E.164, a plus sign, a country and as many digits as numbers there have, in groups with single separators.
func phoneEnd(s string, i int) int {
	if s[i] != '+' || i+1 >= len(s) || !isDigit(s[i+1]) || i > 0 && (isAlnum(s[i-1]) || s[i-1] == '+') {
		return 0
	}
	country, low, high := countryOf(s[i+1:])
	if country == "" {
		return 0
	}
	end, n := 0, 0 // n: national digits so far
	for at := i + 1 + len(country); n <= high; {
		stop := span(s, at, isDigit)
		n += stop - at
		if n >= low && n <= high && stop > at && (stop == len(s) || !isAlnum(s[stop])) {
			end = stop
		}
		if at = separator(s, stop); at == 0 {
			break
		}
	}
	if end == 0 || !ends(s, end) && s[end] != '-' && s[end] != '.' {
		return 0
	}
	return end
}

// separator skips what stands between two groups of digits, 0 if no group follows.
func separator(s string, i int) int {
	at := i
	for at < len(s) && at-i < 3 && strings.IndexByte(" -.()", s[at]) >= 0 {
		at++
	}
	if strings.HasPrefix(s[max(i, at-1):], "(0)") { // the trunk prefix, which is not dialled from abroad
		at += 2
	}
	if at == i || at == len(s) || !isDigit(s[at]) || strings.Contains(s[i:at], "  ") {
		return 0
	}
	return at
}

// countries: calling code, shortest and longest national number. What is not listed but assigned has 7 to 12 digits.
var countries = map[string][2]int{
	"1": {10, 10}, "7": {10, 10}, "20": {8, 10}, "27": {9, 9}, "30": {10, 10}, "31": {9, 9}, "32": {8, 9}, "33": {9, 9},
	"34": {9, 9}, "36": {8, 9}, "39": {6, 11}, "40": {9, 9}, "41": {9, 9}, "43": {7, 13}, "44": {9, 10}, "45": {8, 8},
	"46": {7, 10}, "47": {8, 8}, "48": {9, 9}, "49": {6, 11}, "51": {8, 9}, "52": {10, 11}, "54": {10, 11}, "55": {10, 11},
	"56": {9, 9}, "57": {8, 10}, "60": {8, 10}, "61": {9, 9}, "62": {8, 12}, "63": {8, 10}, "64": {8, 10}, "65": {8, 8},
	"66": {8, 9}, "81": {9, 10}, "82": {8, 10}, "84": {9, 10}, "86": {10, 11}, "90": {10, 10}, "91": {10, 10}, "92": {9, 10},
	"94": {9, 9}, "98": {10, 10}, "351": {9, 9}, "352": {6, 11}, "353": {7, 9}, "358": {6, 11}, "380": {9, 9}, "420": {9, 9},
	"852": {8, 8}, "853": {8, 8}, "886": {8, 9}, "966": {8, 9}, "971": {8, 9}, "972": {8, 9},
}

// countryOf finds the calling code at the start of digits: one, two or three of them, no code being the start of another.
func countryOf(digits string) (code string, low, high int) {
	for n := 1; n <= 3 && n <= len(digits) && isDigit(digits[n-1]); n++ {
		if l, ok := countries[digits[:n]]; ok {
			return digits[:n], l[0], l[1]
		}
	}
	if n := span(digits, 0, isDigit); n >= 3 && digits[0] >= '2' && twoDigit(digits[:2]) {
		return digits[:2], 7, 12
	} else if n >= 3 && digits[0] >= '2' {
		return digits[:3], 7, 12
	}
	return "", 0, 0
}

// twoDigit says whether a two-digit calling code that countries does not list is complete.
func twoDigit(code string) bool {
	return strings.Contains(" 53 58 93 95 ", " "+code+" ")
}
