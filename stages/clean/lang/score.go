package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Between Latin languages one is named only if its score is more than chance, is not too thin for the number of words, and
// beats the next one's by a margin. The limits were set on short messages and instructions: below them the winner is wrong
// about as often as right. The other scripts have few languages and no English to be mistaken: their best one is named.
const (
	least        = 3   // points: one word that no other language has
	plain        = 4.5 // points if there is neither a known word nor a letter beyond a to z
	thin         = 0.5 // points a word
	marginPoints = 1.5
	marginPart   = 0.05 // of the score
)

// among chooses between the languages of a script, "" if none stands out.
func among(script, text string) string {
	score, known, words := scores(text)
	marked := strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf && unicode.IsLetter(r) })
	best, second := -1, 0.0
	for i, l := range languages {
		switch {
		case l.script != script:
		case best < 0 || score[i] > score[best]:
			if best >= 0 {
				second = max(second, score[best])
			}
			best = i
		default:
			second = max(second, score[i])
		}
	}
	top, floor := score[best], max(least, thin*float64(words))
	if !known[best] && !marked {
		floor = max(floor, plain)
	}
	if script == "latin" && (top < floor || top-second < marginPoints+marginPart*top) {
		return ""
	}
	return languages[best].code
}

// scores counts the features of each language in a text, says whether a word of it is known, and counts the words.
func scores(text string) (score []float64, known []bool, words int) {
	score, known = make([]float64, len(languages)), make([]bool, len(languages))
	var padded []byte
	text = strings.ToLower(norm.NFC.String(text))
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		words++
		add(score, features.words[word], 3)
		for _, i := range features.words[word] {
			known[i] = true
		}
		for _, r := range word {
			for _, i := range features.foreign[r] {
				score[i] -= 4
			}
		}
		padded = append(append(append(padded[:0], '^'), word...), '$')
		addPieces(score, padded)
	}
	return score, known, words
}

// addPieces looks up all pieces of one to longest characters.
func addPieces(score []float64, word []byte) {
	for i := 0; i < len(word); i++ {
		if !utf8.RuneStart(word[i]) {
			continue
		}
		end := i
		for range features.longest {
			if end == len(word) {
				break
			}
			_, size := utf8.DecodeRune(word[end:])
			end += size
			add(score, features.pieces[string(word[i:end])], 1)
		}
	}
}

// add counts a feature for the languages that have it, the less the more of them there are.
func add(score []float64, in []int, weight float64) {
	for _, i := range in {
		score[i] += weight / float64(len(in))
	}
}

// index maps words, pieces and foreign letters to the languages in whose tables they are.
type index struct {
	words, pieces map[string][]int
	foreign       map[rune][]int
	longest       int // characters of a piece
}

var features = newIndex()

func newIndex() index {
	x := index{words: map[string][]int{}, pieces: map[string][]int{}, foreign: map[rune][]int{}}
	for i, l := range languages {
		for _, w := range strings.Fields(l.words) {
			x.words[w] = append(x.words[w], i)
		}
		for _, p := range strings.Fields(l.pieces) {
			x.pieces[p] = append(x.pieces[p], i)
			x.longest = max(x.longest, utf8.RuneCountInString(p))
		}
		for _, r := range l.foreign {
			x.foreign[r] = append(x.foreign[r], i)
		}
	}
	return x
}
