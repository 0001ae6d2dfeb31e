package eval

import (
	"strings"

	"fettle/stages/eval/words"
)

// cmrcPunctuation is what the CMRC 2018 scorer removes. Its list also holds the two-character "……", which no single
// character equals: an ellipsis stays. ASCII . , ! ? ; ( ) and the brackets 【】 stay as well.
const cmrcPunctuation = "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"

// cmrcStrip is the scorer's remove_punctuation.
func cmrcStrip(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(cmrcPunctuation, r) {
			return -1
		}
		return r
	}, words.Trim(words.Lower(s)))
}

// cmrcTokens is the scorer's mixed_segmentation: every character of U+4E00-9FA5 by itself, word_tokenize for the rest.
func cmrcTokens(s string) []string {
	var out []string
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			out = append(out, words.Tokenize(run.String())...)
			run.Reset()
		}
	}
	for _, r := range cmrcStrip(s) {
		if r >= 0x4e00 && r <= 0x9fa5 {
			flush()
			out = append(out, string(r))
			continue
		}
		run.WriteRune(r)
	}
	flush()
	return out
}

// longestRun is the length of the longest contiguous run of tokens that both hold.
func longestRun(a, b []string) int {
	longest := 0
	row := make([]int, len(b)+1)
	for i := range a {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] != b[j] {
				row[j+1] = 0
				continue
			}
			row[j+1] = row[j] + 1
			longest = max(longest, row[j+1])
		}
	}
	return longest
}
