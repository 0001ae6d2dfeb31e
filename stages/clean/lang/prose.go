package lang

import "strings"

// prose leaves out what is in no language: code between backticks, and tokens that are addresses, paths, identifiers or
// numbers. Documentation is judged by its sentences.
func prose(text string) string {
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

func words(b *strings.Builder, text string) {
	for token := range strings.FieldsSeq(text) {
		if !strings.ContainsAny(token, "/\\_@={}<>$0123456789") || ideographic(token) {
			b.WriteString(token)
			b.WriteByte(' ')
		}
	}
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
