package eval

import (
	"strings"
	"unicode"

	"fettle/stages/eval/words"
)

// F1ZhChar is F1 over a bag in which each Han character is a token and other text is split at white space; case and
// punctuation, full-width as well as ASCII, do not count. Where either side is empty it is 1 if both are.
type F1ZhChar struct{}

var _ = register("f1_zh_char", &F1ZhChar{})

func (*F1ZhChar) Score(prediction string, answers []string) float64 {
	p := hanTokens(prediction)
	return best(answers, func(a string) float64 {
		g := hanTokens(a)
		if len(g) == 0 || len(p) == 0 {
			return indicator(len(g) == len(p))
		}
		return bagF1(p, g)
	})
}

func (*F1ZhChar) HigherIsBetter() bool { return true }

func hanTokens(s string) []string {
	var spaced strings.Builder
	for _, r := range words.Lower(s) {
		switch {
		case unicode.IsPunct(r) || r < 0x80 && strings.ContainsRune(asciiPunctuation, r):
		case unicode.Is(unicode.Han, r):
			spaced.WriteString(" " + string(r) + " ")
		default:
			spaced.WriteRune(r)
		}
	}
	return words.Fields(spaced.String())
}
