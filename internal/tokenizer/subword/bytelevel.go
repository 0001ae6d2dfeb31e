package subword

import "unicode/utf8"

// The byte-level alphabet of GPT-2: a printable rune for every byte. Printable Latin-1 stands for itself, the other bytes
// are counted up from U+0100.
var (
	byteRunes = alphabet()
	runeBytes = inverse(byteRunes)
)

func alphabet() (runes [256]rune) {
	next := rune(256)
	for b := range runes {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			runes[b] = rune(b)
			continue
		}
		runes[b] = next
		next++
	}
	return runes
}

func inverse(runes [256]rune) (bytes [324]int16) {
	for r := range bytes {
		bytes[r] = -1
	}
	for b, r := range runes {
		bytes[r] = int16(b)
	}
	return bytes
}

// ByteRune is the rune that stands for a byte.
func ByteRune(b byte) rune { return byteRunes[b] }

// AppendRunes appends the runes that stand for the bytes of s.
func AppendRunes(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = utf8.AppendRune(dst, byteRunes[s[i]])
	}
	return dst
}

// AppendBytes appends the bytes that the runes of s stand for; false where one of them stands for none.
func AppendBytes(dst []byte, s string) ([]byte, bool) {
	n := len(dst)
	for _, r := range s {
		if int(r) >= len(runeBytes) || runeBytes[r] < 0 {
			return dst[:n], false
		}
		dst = append(dst, byte(runeBytes[r]))
	}
	return dst, true
}
