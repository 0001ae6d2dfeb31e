package lang

import (
	"regexp"
	"strings"
	"unicode"
)

// prose leaves out what is in no language: placeholders, code between backticks, and tokens that are addresses, paths,
// identifiers, calls or numbers. Documentation is judged by its sentences.
func prose(text string) string {
	text = unmarked(text)
	var b strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '`')
		if i < 0 {
			break
		}
		fence := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
		length := strings.Index(text[i+fence:], text[i:i+fence])
		if length < 0 {
			break
		}
		words(&b, text[:i])
		text = text[i+fence+length+fence:]
	}
	words(&b, text)
	return b.String()
}

// placeholder is what stands in a text where something was taken out, [EMAIL] or [CN_MOBILE].
var placeholder = regexp.MustCompile(`\[[A-Z][A-Z0-9_]*\]`)

func unmarked(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	return placeholder.ReplaceAllString(text, " ")
}

func words(b *strings.Builder, text string) {
	for token := range strings.FieldsSeq(text) {
		if ideographic(token) || !code(token) {
			b.WriteString(token)
			b.WriteByte(' ')
		}
	}
}

// code says whether a token is a path, an address, a variable, a call or an expression rather than a word: it has a character
// that no word has, or a letter is followed by an opening bracket, or by a full stop or colon and more, or by a capital after
// a small one; or it is the one letter of a list or a formula, "b)" or "F#".
func code(token string) bool {
	if strings.ContainsAny(token, "/\\_@={}<>$%0123456789") || strings.HasPrefix(token, "--") {
		return true
	}
	if bare := strings.TrimFunc(token, func(r rune) bool { return !unicode.IsLetter(r) }); len(bare) == 1 && bare != token {
		return true
	}
	before, last := rune(0), rune(0)
	for _, r := range token {
		switch {
		case unicode.IsLetter(last) && (r == '(' || r == '['),
			unicode.IsLower(last) && unicode.IsUpper(r),
			unicode.IsLetter(before) && (last == '.' || last == ':') && (unicode.IsLetter(r) || r == ':'):
			return true
		}
		before, last = last, r
	}
	return false
}

// ideographic says whether a token may be a whole sentence, in a script without spaces.
func ideographic(token string) bool {
	for _, r := range token {
		if s := scriptOf(r); r >= 0x0E00 && s != nil && s.weight >= 2 {
			return true
		}
	}
	return false
}
