package words

import (
	"regexp"
	"strings"
	"unicode"
)

// span is a half-open range of runes.
type span struct{ start, end int }

// Sentences is NLTK's sent_tokenize on lower-case text: a full stop, question or exclamation mark ends a sentence unless
// its word is a known abbreviation, an initial, an ordinal or an ellipsis. Kiss and Strunk, Unsupervised Multilingual
// Sentence Boundary Detection, Computational Linguistics 32 (2006).
func Sentences(text string) []string {
	in := []rune(text)
	var out []string
	for _, s := range realign(in, cutAtBreaks(in)) {
		if s.start < s.end {
			out = append(out, string(in[s.start:s.end]))
		}
	}
	return out
}

// candidate is a mark that may end a sentence, with the word before it and what follows.
type candidate struct {
	mark   int  // rune index of the mark
	before span // the word before the mark, without it
	after  span // the following punctuation character, or white space and the next word
	next   int  // where the next sentence would start
}

func cutAtBreaks(in []rune) []span {
	var out []span
	last := 0
	for _, c := range candidates(in) {
		context := string(in[c.before.start:c.before.end]) + string(in[c.mark]) + string(in[c.after.start:c.after.end])
		if hasBreak(context) {
			out = append(out, span{last, c.mark + 1})
			last = c.next
		}
	}
	end := len(in)
	for end > 0 && IsSpace(in[end-1]) {
		end--
	}
	return append(out, span{last, end})
}

// candidates lists the marks that are followed by white space and a word or by closing punctuation; of marks in one word
// the last counts.
func candidates(in []rune) []candidate {
	var out []candidate
	var previous *candidate
	before := span{}
	for i, r := range in {
		if r != '.' && r != '?' && r != '!' {
			continue
		}
		c, ok := follow(in, i)
		if !ok {
			continue
		}
		start := before.start
		if k := lastSpace(in[before.end:i]); k > 0 {
			start = before.end + k + 1
		}
		c.before = span{start, i}
		if previous != nil && previous.before.end <= start {
			out = append(out, *previous)
		}
		previous, before = &c, c.before
	}
	if previous != nil {
		out = append(out, *previous)
	}
	return out
}

func follow(in []rune, i int) (candidate, bool) {
	j := i + 1
	if j < len(in) && nonWord(in[j]) {
		return candidate{mark: i, after: span{j, j + 1}, next: j}, true
	}
	for j < len(in) && nltkSpace(in[j]) {
		j++
	}
	if j == i+1 || j == len(in) {
		return candidate{}, false
	}
	end := j
	for end < len(in) && !nltkSpace(in[end]) {
		end++
	}
	return candidate{mark: i, after: span{i + 1, end}, next: j}, true
}

// lastSpace is the index of the last ASCII white space, 0 where there is none: the reference does not tell these apart.
func lastSpace(in []rune) int {
	for i := len(in) - 1; i >= 0; i-- {
		if strings.ContainsRune(" \t\n\r\v\f", in[i]) {
			return i
		}
	}
	return 0
}

// realign moves closing quotes and brackets at the head of a sentence to the tail of the one before.
func realign(in []rune, sentences []span) []span {
	var out []span
	moved := 0
	for i, s := range sentences {
		s.start += moved
		moved = 0
		if i+1 < len(sentences) {
			next := sentences[i+1]
			closers, whole := closing(in[next.start:max(next.start, next.end)])
			if whole > 0 {
				out = append(out, span{s.start, next.start + closers})
				moved = whole
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// closing measures the run of closers that opens a sentence: without and with the white space after it.
func closing(in []rune) (closers, whole int) {
	for n := 1; n <= len(in) && strings.ContainsRune(`"')]}‘’“”«»`, in[n-1]); n++ {
		end := n
		for end < len(in) && nltkSpace(in[end]) {
			end++
		}
		dashes := n+1 < len(in) && in[n] == '-' && in[n+1] == '-'
		if end > n || n == len(in) || dashes {
			return n, end
		}
	}
	return 0, 0
}

// token is a word with its final full stop, and what it was judged to be.
type token struct {
	text             string
	breaks, abbr     bool
	ellipsis, period bool
}

var numeric = regexp.MustCompile(`^-?[.,]?\p{Nd}[\p{Nd},.\-]*\.?$`)

// kind is the token's type: every number is one type.
func (t token) kind() string {
	return numeric.ReplaceAllLiteralString(t.text, "##number##")
}

func noPeriod(kind string) string {
	if len(kind) > 1 {
		return strings.TrimSuffix(kind, ".")
	}
	return kind
}

func (t token) initial() bool {
	r := []rune(t.text)
	return len(r) == 2 && r[1] == '.' && nltkWord(r[0]) && !unicode.IsDigit(r[0])
}

// hasBreak reports whether some token but the last of a context ends a sentence.
func hasBreak(context string) bool {
	var tokens []token
	for _, line := range strings.Split(context, "\n") {
		if Trim(line) == "" {
			continue
		}
		for _, w := range punktWords([]rune(line)) {
			tokens = append(tokens, judge(w))
		}
	}
	for i := 0; i+1 < len(tokens); i++ {
		if reconsider(tokens[i], tokens[i+1]) {
			return true
		}
	}
	return false
}

// judge is Punkt's first pass: by the word alone.
func judge(w string) token {
	t := token{text: w, period: strings.HasSuffix(w, ".")}
	switch {
	case w == "." || w == "?" || w == "!":
		t.breaks = true
	case len(w) > 1 && strings.Trim(w, ".") == "":
		t.ellipsis = true
	case t.period && !strings.HasSuffix(w, ".."):
		stem := w[:len(w)-1]
		t.abbr = abbreviations[stem] || abbreviations[stem[strings.LastIndexByte(stem, '-')+1:]]
		t.breaks = !t.abbr
	}
	return t
}

// reconsider is Punkt's second pass: with the word that follows. In lower-case text evidence can only turn a break into
// none (a collocation, or an initial or number before a word that does not start sentences).
func reconsider(t, next token) bool {
	if !t.period {
		return t.breaks
	}
	kind, follower := noPeriod(t.kind()), next.kind()
	if next.breaks {
		follower = noPeriod(follower)
	}
	if collocations[kind+" "+follower] {
		return false
	}
	if (t.initial() || kind == "##number##") && !maybeStarter(next.text, follower) {
		return false
	}
	return t.breaks
}

// maybeStarter is false where the orthographic heuristic is sure that the word does not start a sentence.
func maybeStarter(text, kind string) bool {
	if strings.Contains(";:,.!?", text) {
		return false
	}
	first := []rune(text)[0]
	return !unicode.In(first, unicode.Ll, unicode.Other_Lowercase) || lowerStarters[kind]
}
