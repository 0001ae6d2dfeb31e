package py

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/rangetable"
)

// known says whether Python 3.11, whose texts are the reference, has a character: it is of Unicode 14.
func known(r rune) bool {
	return r < 0x378 || unicode.Is(unicode15, r) && !unicode.Is(new15, r)
}

var (
	unicode15 = rangetable.Assigned("15.0.0")
	new15     = ranges(0xcf3, 0xcf3, 0xece, 0xece, 0x10efd, 0x10eff, 0x1123f, 0x11241, 0x11b00, 0x11b09, 0x11f00, 0x11f59, 0x1342f, 0x1342f,
		0x13439, 0x13455, 0x1b132, 0x1b132, 0x1b155, 0x1b155, 0x1d2c0, 0x1d2d3, 0x1df25, 0x1df2a, 0x1e030, 0x1e08f, 0x1e4d0, 0x1e4f9,
		0x1f6dc, 0x1f6dc, 0x1f774, 0x1f776, 0x1f77b, 0x1f77f, 0x1f7d9, 0x1f7d9, 0x1fa75, 0x1fa77, 0x1fa87, 0x1fa88, 0x1faad, 0x1faaf,
		0x1fabb, 0x1fabd, 0x1fabf, 0x1fabf, 0x1face, 0x1facf, 0x1fada, 0x1fadb, 0x1fae8, 0x1fae8, 0x1faf7, 0x1faf8, 0x2b739, 0x2b739,
		0x31350, 0x323af)

	// otherDigits are those that are no decimal digits: in circles, raised, of scripts that do not count by tens.
	otherDigits = ranges(0xb2, 0xb3, 0xb9, 0xb9, 0x1369, 0x1371, 0x19da, 0x19da, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460, 0x2468,
		0x2474, 0x247c, 0x2488, 0x2490, 0x24ea, 0x24ea, 0x24f5, 0x24fd, 0x24ff, 0x24ff, 0x2776, 0x277e, 0x2780, 0x2788, 0x278a, 0x2792,
		0x10a40, 0x10a43, 0x10e60, 0x10e68, 0x11052, 0x1105a, 0x1f100, 0x1f10a)
)

// numerals are the Han characters with a value.
const numerals = "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零" +
	"\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd𠀁𠁤𠃢𠄡𠤪𠦃𠦌𠦜𠫪𠫽𠬙𢎐𢦘𣬛𦉭\U0002f890"

// ranges makes a table of the first and the last runes of ranges in order.
func ranges(bounds ...rune) *unicode.RangeTable {
	var all []rune
	for i := 0; i < len(bounds); i += 2 {
		for r := bounds[i]; r <= bounds[i+1]; r++ {
			all = append(all, r)
		}
	}
	return rangetable.New(all...)
}

func isPrint(r rune) bool   { return unicode.IsPrint(r) && known(r) }
func isAlpha(r rune) bool   { return unicode.IsLetter(r) && known(r) }
func isDecimal(r rune) bool { return unicode.IsDigit(r) && known(r) }
func isDigit(r rune) bool   { return isDecimal(r) || unicode.Is(otherDigits, r) }
func isNumeric(r rune) bool {
	return unicode.IsNumber(r) && known(r) || r > unicode.MaxLatin1 && strings.ContainsRune(numerals, r)
}

// IsAlnum is str.isalnum of one character.
func IsAlnum(r rune) bool { return isAlpha(r) || isNumeric(r) }

func isLower(r rune) bool { return unicode.In(r, unicode.Ll, unicode.Other_Lowercase) && known(r) }
func isUpper(r rune) bool { return unicode.In(r, unicode.Lu, unicode.Other_Uppercase) && known(r) }
func isCased(r rune) bool { return isLower(r) || isUpper(r) || unicode.IsTitle(r) }

// Decimal is s with every decimal digit as one of ASCII, as int and float read them.
func Decimal(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxLatin1 || !isDecimal(r) {
			return r
		}
		zero := r
		for isDecimal(zero - 1) {
			zero--
		}
		return '0' + (r-zero)%10
	}, s)
}
