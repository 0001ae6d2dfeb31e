package eval

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fettle/stages/eval/words"
)

// Contains is 1 where the prediction holds a right answer, both normalised as for exact_match. An answer that begins or
// ends with a letter or digit of a script with spaces must stand as whole words: "no" is not in "know".
type Contains struct{}

var _ = register("contains", &Contains{})

func (*Contains) Score(prediction string, answers []string) float64 {
	p := normalize(prediction)
	return best(golds(answers), func(a string) float64 { return indicator(holds(p, normalize(a))) })
}

func (*Contains) HigherIsBetter() bool { return true }
func (*Contains) Binary()              {}

func holds(text, answer string) bool {
	if answer == "" {
		return text == ""
	}
	first, _ := utf8.DecodeRuneInString(answer)
	last, _ := utf8.DecodeLastRuneInString(answer)
	for from := 0; ; {
		i := strings.Index(text[from:], answer)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(answer)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if !(spaced(before) && spaced(first)) && !(spaced(last) && spaced(after)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

// spaced reports whether r belongs to a word of a script that puts spaces between words.
func spaced(r rune) bool {
	return r != utf8.RuneError && words.IsWord(r) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
