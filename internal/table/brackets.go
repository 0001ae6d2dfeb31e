package table

// brackets counts, byte by byte, how many brackets of a JSON value are open outside its texts.
type brackets struct {
	depth           int
	quoted, escaped bool
}

// pass takes the next byte and says whether it closes a bracket.
func (b *brackets) pass(c byte) (closes bool) {
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted && c == '\\':
		b.escaped = true
	case c == '"':
		b.quoted = !b.quoted
	case b.quoted:
	case c == '{' || c == '[':
		b.depth++
	case c == '}' || c == ']':
		b.depth--
		return true
	}
	return false
}
