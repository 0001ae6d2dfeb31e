// Package lang tells the language of a text: by script where the script says it, else by the commonest words, letters and
// pieces of words of the languages that share the script. The tables are our own and small; they are for deciding what a row
// is written in, not for telling Danish from Norwegian.
package lang

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// enough is how many bytes of a text are looked at.
const enough = 2048

// Detect returns an ISO 639-1 code, "" when there are too few letters to tell or they speak for no language clearly.
func Detect(text string) string {
	if len(text) > enough {
		end := enough
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	read := prose(text)
	weight := weigh(read)
	if heaviest(weight) == "" {
		// Code alone is in no language, whatever its letters; but another script than Latin is a language's even there.
		read = unmarked(text)
		weight = weigh(read)
		weight["latin"] = 0
	}
	switch best := heaviest(weight); best {
	case "han", "kana":
		return ideograms(weight)
	case "latin":
		found := among(best, read)
		if found != "en" && weight["han"]+weight["kana"] >= clear*weight["latin"] {
			return ideograms(weight)
		}
		return found
	case "cyrillic", "arabic":
		return among(best, read)
	default:
		return best
	}
}

// clear is the share of Han, against the Latin letters, that makes a text Chinese or Japanese all the same: such texts name
// products and quote code, which may look like any language. Only what is plainly English stays so.
const clear = 0.25

// ideograms tells Japanese, by its kana, from Chinese.
func ideograms(weight map[string]float64) string {
	if weight["kana"] >= 0.1*(weight["han"]+weight["kana"]) {
		return "ja"
	}
	return "zh"
}

// weigh sums up the letters of each script.
func weigh(text string) map[string]float64 {
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
	return weight
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
