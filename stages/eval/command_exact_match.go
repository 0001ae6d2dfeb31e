package eval

import (
	"strings"

	"fettle/stages/eval/words"
)

// CommandExactMatch is 1 where the prediction is a right command to the letter. Case, options and punctuation count, for
// they change what a command does; a code fence, back quotes, a leading "$ " prompt and the width of white space do not.
type CommandExactMatch struct{}

var _ = register("command_exact_match", &CommandExactMatch{})

func (*CommandExactMatch) Score(prediction string, answers []string) float64 {
	p := command(prediction)
	return best(answers, func(a string) float64 { return indicator(command(a) == p) })
}

func (*CommandExactMatch) HigherIsBetter() bool { return true }
func (*CommandExactMatch) Binary()              {}

// command strips what surrounds a command in running text.
func command(s string) string {
	s = words.Trim(s)
	if inner, ok := strings.CutPrefix(s, "```"); ok {
		if inner, ok = strings.CutSuffix(inner, "```"); ok {
			if _, body, lines := strings.Cut(inner, "\n"); lines { // the first line names the language
				inner = body
			}
			s = inner
		}
	} else if len(s) > 1 && s[0] == '`' && s[len(s)-1] == '`' && !strings.Contains(s[1:len(s)-1], "`") {
		s = s[1 : len(s)-1]
	}
	return strings.TrimPrefix(strings.Join(words.Fields(s), " "), "$ ")
}
