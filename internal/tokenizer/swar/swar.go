package swar

import "math/bits"

// Highs are the high bits of eight bytes: what is set there is not ASCII.
const Highs uint64 = 0x8080808080808080

const ones = 0x0101010101010101

// Load is the eight bytes at s[i], the first the lowest.
func Load(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Outside sets the high bit of every byte of x that is not between low and high, which are ASCII.
func Outside(x uint64, low, high byte) uint64 {
	y := x &^ Highs
	atLeast := y + (0x80-uint64(low))*ones
	above := y + (0x7f-uint64(high))*ones
	return (^atLeast | above | x) & Highs
}

// NotLetter sets the high bit of every byte of x that is no ASCII letter.
func NotLetter(x uint64) uint64 { return Outside(x|0x20*ones, 'a', 'z') }

// Before is how many bytes come before the first that a mask has; 8 where it has none.
func Before(mask uint64) int { return bits.TrailingZeros64(mask) >> 3 }

// Letters is the end of the run of ASCII letters from s[i].
func Letters(s string, i int) int {
	for i+8 <= len(s) {
		n := Before(NotLetter(Load(s, i)))
		if i += n; n < 8 {
			return i
		}
	}
	for i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' {
		i++
	}
	return i
}
