// Package lang tells the language of a text: by script where the script says it, else by the commonest words, letters and
// pieces of words of the languages that share the script. The tables are our own and small; they are for deciding what a row
// is written in, not for telling Danish from Norwegian.
package lang

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// enough is how many bytes of a text are looked at.
const enough = 2048

// Detect returns an ISO 639-1 code, "" when there are too few letters to tell.
func Detect(text string) string {
	if len(text) > enough {
		end := enough
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	best, japanese, read := "", false, ""
	for _, read = range []string{prose(text), text} {
		if best, japanese = scripted(read); best != "" {
			break
		}
	}
	switch best {
	case "han", "kana":
		if japanese {
			return "ja"
		}
		return "zh"
	case "latin", "cyrillic", "arabic":
		return among(best, read)
	}
	return best
}

// scripted finds the script that carries most of a text, "" if there are too few letters, and whether its Han is Japanese.
func scripted(text string) (best string, japanese bool) {
	weight := map[string]float64{}
	for _, r := range text {
		if r < utf8.RuneSelf {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				weight["latin"]++
			}
			continue
		}
		if s := scriptOf(r); s != nil {
			weight[s.name] += s.weight
		}
	}
	return heaviest(weight), weight["kana"] >= 0.1*(weight["han"]+weight["kana"])
}

// Known says whether Detect can return the code.
func Known(code string) bool { return slices.Contains(Codes(), code) }

// Codes are the languages that Detect tells, sorted.
func Codes() []string {
	codes := []string{"zh", "ja"}
	for _, s := range scripts {
		if len(s.name) == 2 {
			codes = append(codes, s.name)
		}
	}
	for _, l := range languages {
		codes = append(codes, l.code)
	}
	slices.Sort(codes)
	return codes
}

// script is named by its language where it has one that matters. A character of a script that packs more sound or meaning
// weighs more: words in Latin letters are at home in texts of every language.
type script struct {
	name   string
	weight float64
	table  *unicode.RangeTable
}

var scripts = []script{
	{"latin", 1, unicode.Latin}, {"cyrillic", 1.5, unicode.Cyrillic}, {"arabic", 2, unicode.Arabic}, {"han", 6, unicode.Han},
	{"kana", 4, unicode.Hiragana}, {"kana", 4, unicode.Katakana}, {"ko", 3, unicode.Hangul}, {"he", 2, unicode.Hebrew},
	{"el", 1.5, unicode.Greek}, {"th", 2, unicode.Thai}, {"hi", 2, unicode.Devanagari}, {"bn", 2, unicode.Bengali},
	{"ta", 2, unicode.Tamil}, {"te", 2, unicode.Telugu}, {"gu", 2, unicode.Gujarati}, {"pa", 2, unicode.Gurmukhi},
	{"kn", 2, unicode.Kannada}, {"ml", 2, unicode.Malayalam}, {"si", 2, unicode.Sinhala}, {"lo", 2, unicode.Lao},
	{"km", 2, unicode.Khmer}, {"my", 2, unicode.Myanmar}, {"ka", 1.5, unicode.Georgian}, {"hy", 1.5, unicode.Armenian},
	{"am", 2, unicode.Ethiopic}, {"bo", 2, unicode.Tibetan},
}

func scriptOf(r rune) *script {
	if 0x4E00 <= r && r <= 0x9FFF {
		return &scripts[3]
	}
	if !unicode.IsLetter(r) && !unicode.IsMark(r) {
		return nil
	}
	for i := range scripts {
		if unicode.Is(scripts[i].table, r) {
			return &scripts[i]
		}
	}
	return nil
}

func heaviest(weight map[string]float64) (best string) {
	for _, s := range scripts {
		if weight[s.name] > weight[best] {
			best = s.name
		}
	}
	if weight[best] < 3 {
		return ""
	}
	return best
}

// among chooses between the languages of a script; the first one listed wins a tie.
func among(script, text string) string {
	score := make([]float64, len(languages))
	var padded []byte
	text = strings.ToLower(norm.NFC.String(text))
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		add(score, features.words[word], 3)
		for _, r := range word {
			for _, i := range features.foreign[r] {
				score[i] -= 4
			}
		}
		padded = append(append(append(padded[:0], '^'), word...), '$')
		addPieces(score, padded)
	}
	best := -1
	for i, l := range languages {
		if l.script == script && (best < 0 || score[i] > score[best]) {
			best = i
		}
	}
	return languages[best].code
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
