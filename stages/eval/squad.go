package eval

import (
	"strings"

	"fettle/stages/eval/words"
)

// asciiPunctuation is Python's string.punctuation, which SQuAD's normaliser deletes.
const asciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// normalize is SQuAD's normalize_answer: lower case, ASCII punctuation deleted, articles dropped, white space collapsed.
func normalize(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune(asciiPunctuation, r) {
			return -1
		}
		return r
	}, words.Lower(s))
	return strings.Join(words.Fields(dropArticles(s)), " ")
}

// dropArticles replaces a, an and the by a space where they are whole words (\b(a|an|the)\b). A word ends where the class
// of characters changes, not at white space: in "a’b" the a is a word.
func dropArticles(s string) string {
	var out, word strings.Builder
	flush := func() {
		switch w := word.String(); w {
		case "a", "an", "the":
			out.WriteByte(' ')
		default:
			out.WriteString(w)
		}
		word.Reset()
	}
	for _, r := range s {
		if words.IsWord(r) {
			word.WriteRune(r)
			continue
		}
		flush()
		out.WriteRune(r)
	}
	flush()
	return out.String()
}

// bagF1 is the harmonic mean of precision and recall over two bags of tokens, 0 where they share none.
func bagF1(prediction, answer []string) float64 {
	count := map[string]int{}
	for _, t := range answer {
		count[t]++
	}
	same := 0
	for _, t := range prediction {
		if count[t] > 0 {
			count[t]--
			same++
		}
	}
	return f1(same, len(prediction), len(answer))
}

func f1(same, prediction, answer int) float64 {
	if same == 0 {
		return 0
	}
	p, r := float64(same)/float64(prediction), float64(same)/float64(answer)
	return 2 * p * r / (p + r)
}

// golds leaves out right answers that normalise to nothing; a question without any other is one whose right answer is
// none (SQuAD 2.0).
func golds(answers []string) []string {
	var out []string
	for _, a := range answers {
		if normalize(a) != "" {
			out = append(out, a)
		}
	}
	if out == nil {
		return []string{""}
	}
	return out
}
