package pii

import (
	"strings"
	"time"
)

// residentEnd: the 18 characters of a Chinese resident identity card (GB 11643): region, date of birth, sequence, check.
func residentEnd(s string, i int) int {
	end := span(s, i, isDigit)
	if end-i == 17 && end < len(s) && s[end]|0x20 == 'x' {
		end++
	}
	if end-i != 18 || !free(s, i) || !ends(s, end) {
		return 0
	}
	id := s[i:end]
	if !strings.Contains(provinces, " "+id[:2]+" ") || !isBirthday(id[6:14]) || !mod11(id) {
		return 0
	}
	return end
}

// Province codes of GB/T 2260.
const provinces = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91 "

func isBirthday(digits string) bool {
	d, err := time.Parse("20060102", digits)
	return err == nil && 1850 <= d.Year() && d.Year() < 2100
}

// mod11 is ISO 7064 MOD 11-2: the weight of a place is 2^(places after it) mod 11, the sum must be 1.
func mod11(id string) bool {
	sum := 0
	for i := 0; i < 17; i++ {
		sum = (sum + int(id[i]-'0')) * 2 % 11
	}
	check := 10
	if isDigit(id[17]) {
		check = int(id[17] - '0')
	}
	return (sum+check)%11 == 1
}

// companyAlphabet are the digits of a unified social credit code (GB 32100): no I, O, Z, S, V.
const companyAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// companyEnd: authority, kind, six digits of region, nine of organisation, check.
func companyEnd(s string, i int) int {
	end := span(s, i, isAlnum)
	if end-i != 18 || !strings.ContainsRune("159ANY", rune(s[i])) || !free(s, i) || !ends(s, end) || span(s, i+2, isDigit) < i+8 {
		return 0
	}
	sum, weight := 0, 1
	for k := i; k < end; k++ {
		v := strings.IndexByte(companyAlphabet, s[k])
		if v < 0 {
			return 0
		}
		if k == end-1 {
			if v != (31-sum%31)%31 {
				return 0
			}
			break
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return end
}

// passportEnd: E, G, D, S, P and eight digits, or E, a letter but I and O, and seven.
func passportEnd(s string, i int) int {
	if strings.IndexByte("EGDSP", s[i]) < 0 || i+9 > len(s) || !free(s, i) || !ends(s, i+9) {
		return 0
	}
	first := i + 1
	if s[i] == 'E' && isUpper(s[first]) && s[first] != 'I' && s[first] != 'O' {
		first++
	}
	if span(s, first, isDigit) != i+9 {
		return 0
	}
	return i + 9
}

const plateProvinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

// plateEnd: a province, a letter, five letters and digits, or six with a D or F first or last (new energy); no I and O.
func plateEnd(s string, i int) int {
	if s[i] < 0x80 || i+3 > len(s) || !strings.Contains(plateProvinces, s[i:i+3]) {
		return 0
	}
	i += 3
	if i == len(s) || !isPlate(s[i]) || isDigit(s[i]) {
		return 0
	}
	i++
	if strings.HasPrefix(s[i:], "·") {
		i += len("·")
	}
	end := span(s, i, isPlate)
	energy := end-i == 6 && (strings.IndexByte("DF", s[i]) >= 0 || strings.IndexByte("DF", s[end-1]) >= 0)
	if end-i != 5 && !energy || end < len(s) && isAlnum(s[end]) {
		return 0
	}
	return end
}

func isPlate(c byte) bool { return isDigit(c) || isUpper(c) && c != 'I' && c != 'O' }
