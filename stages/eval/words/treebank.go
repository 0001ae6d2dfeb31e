package words

import (
	"regexp"
	"strings"
)

// Tokenize is NLTK's word_tokenize: sentences by Punkt, then words by the Treebank rules.
func Tokenize(text string) []string {
	var out []string
	for _, s := range Sentences(text) {
		out = append(out, Treebank(s)...)
	}
	return out
}

// rewrite is one substitution of the Treebank tokenizer: what it matches is spaced out or renamed.
type rewrite struct {
	re *regexp.Regexp
	by string
}

// space is nltkSpace as a character class.
const space = `[\t-\r\x{85}\p{Z}]`

func rules(pairs ...string) []rewrite {
	out := make([]rewrite, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, rewrite{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return out
}

// The rules, in their order, of nltk.tokenize.destructive.NLTKWordTokenizer (NLTK 3.10).
var (
	startingQuotes = rules(
		"([«“‘„]|`+)", " ${1} ",
		`^"`, "``",
		"(``)", " ${1} ",
		`([ (\[{<])("|'{2})`, "${1} `` ",
	)
	punctuation = rules(
		`([^.])(\.)([\])}>"'»”’ ]*)`+space+`*\z`, "${1} ${2} ${3} ",
		`([:,])(\P{Nd})`, " ${1} ${2}",
		`([:,])(\n?)\z`, " ${1} ${2}",
		`(\.{2,})`, " ${1} ",
		`([;@#$%&])`, " ${1} ",
		`([\x{2012}-\x{2015}])`, " ${1} ",
		`([^.])(\.)([\])}>"']*)`+space+`*\z`, "${1} ${2}${3} ",
		`([?!])`, " ${1} ",
		`([^'])' `, "${1} ' ",
		`([*])`, " ${1} ",
		`([\]\[(){}<>])`, " ${1} ",
		`--`, " -- ",
	)
	endingQuotes = rules(
		`([»”’])`, " ${1} ",
		`''`, " '' ",
		`"`, " '' ",
		space+`+`, " ",
		`([^' ])('[sS]|'[mM]|'[dD]|') `, "${1} ${2} ",
		`([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) `, "${1} ${2} ",
	)
)

// contractions are words that are two words: where each is cut, in runes.
var contractions = []struct {
	word  string
	cut   int
	after func(text []rune, end int) bool
}{
	{"cannot", 3, edge}, {"d'ye", 1, edge}, {"gimme", 3, edge}, {"gonna", 3, edge},
	{"gotta", 3, edge}, {"lemme", 3, edge}, {"more'n", 4, edge},
	{"wanna", 3, func(text []rune, end int) bool { return at(text, end, IsSpace) }},
}

// edge is \b of Python's own engine, which compiles the contractions.
func edge(text []rune, i int) bool { return boundary(text, i, IsWord) }

// Treebank cuts one sentence into words.
func Treebank(text string) []string {
	text = apply(startingQuotes, text)
	text = openingApostrophes(text)
	text = apply(punctuation, text)
	text = apply(endingQuotes, " "+text+" ")
	for _, c := range contractions {
		text = cutWord(text, c.word, c.cut, edge, c.after)
	}
	for _, word := range []string{" 'tis", " 'twas"} {
		text = cutWord(text, word, 3, func([]rune, int) bool { return true }, edge)
	}
	return Fields(text)
}

func apply(rules []rewrite, text string) string {
	for _, r := range rules {
		text = r.re.ReplaceAllString(text, r.by)
	}
	return text
}

// openingApostrophes splits an apostrophe off the word that it opens, unless the two are a clitic ('s, 'll, 're ...):
// (?<!\w)(')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w) of the reference, which RE2 has no way to say.
func openingApostrophes(text string) string {
	if !strings.Contains(text, "'") {
		return text
	}
	in := []rune(text)
	var out strings.Builder
	for i, r := range in {
		out.WriteRune(r)
		if r == '\'' && !at(in, i-1, nltkWord) && at(in, i+1, nltkWord) && !clitic(in, i+1) {
			out.WriteByte(' ')
		}
	}
	return out.String()
}

func clitic(text []rune, at int) bool {
	for _, c := range []string{"re", "ve", "ll", "m", "t", "s", "d", "n"} {
		if end := at + len(c); end <= len(text) && strings.EqualFold(string(text[at:end]), c) && boundary(text, end, nltkWord) {
			return true
		}
	}
	return false
}

// cutWord replaces each occurrence of word by " head tail ", where before and after hold at its two ends.
func cutWord(text, word string, cut int, before, after func([]rune, int) bool) string {
	if !strings.Contains(text, word) {
		return text
	}
	in, w := []rune(text), []rune(word)
	head, tail := strings.TrimSpace(string(w[:cut])), string(w[cut:])
	var out strings.Builder
	for i := 0; i < len(in); {
		end := i + len(w)
		if end <= len(in) && string(in[i:end]) == word && before(in, i) && after(in, end) {
			out.WriteString(" " + head + " " + tail + " ")
			i = end
			continue
		}
		out.WriteRune(in[i])
		i++
	}
	return out.String()
}
