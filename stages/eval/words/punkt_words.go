package words

import "strings"

// punktWords splits a line as Punkt does to look at the context of a mark: runs of hyphens or full stops, words with
// their final full stop, single punctuation characters.
func punktWords(in []rune) []string {
	var out []string
	for i := 0; i < len(in); {
		n := multiPunct(in[i:])
		if n == 0 && !nltkSpace(in[i]) {
			n = 1
			if !strings.ContainsRune("(\"`{[:;&#*@)}]-,", in[i]) {
				n = wordLength(in[i:])
			}
		}
		if n == 0 {
			i++
			continue
		}
		out = append(out, string(in[i:i+n]))
		i += n
	}
	return out
}

// wordLength is the shortest run, at least 1, that ends before white space, punctuation that no word holds, a run of
// hyphens or full stops, or a comma that ends a word.
func wordLength(in []rune) int {
	ends := func(i int) bool {
		return i >= len(in) || nltkSpace(in[i]) || nonWord(in[i]) || multiPunct(in[i:]) > 0
	}
	for n := 1; ; n++ {
		if ends(n) || in[n] == ',' && ends(n+1) {
			return n
		}
	}
}

func nonWord(r rune) bool { return strings.ContainsRune(`)";}]*:@'({[‘’“”«»?!`, r) }

// multiPunct is the length of "--", "..", ". . ." and longer runs of these at the head of in.
func multiPunct(in []rune) int {
	if len(in) < 2 || in[0] != '-' && in[0] != '.' {
		return 0
	}
	n := 1
	for n < len(in) && in[n] == in[0] {
		n++
	}
	if n > 1 {
		return n
	}
	if in[0] == '-' {
		return 0
	}
	dots := 0
	for i := 0; i+1 < len(in) && in[i] == '.' && nltkSpace(in[i+1]); i += 2 {
		dots++
	}
	// The last full stop closes the run: backtrack to where one stands.
	for ; dots >= 2; dots-- {
		if 2*dots < len(in) && in[2*dots] == '.' {
			return 2*dots + 1
		}
	}
	return 0
}
