package pattern

import "unicode/utf8"

// The regular expressions of the tokenizers in use, as they stand in tokenizer.json (and in tiktoken), each scanned by hand.
const (
	GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	// CL100K is also that of Llama 3; tiktoken's newer spelling of it differs at the end of a text.
	CL100K = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	Qwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	Qwen35 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	O200K  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	deepseekDigits = `\p{N}{1,3}`
	deepseekCJK    = `[一-龥぀-ゟ゠-ヿ]+`
	deepseekRest   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|" +
		" ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)

// A finder gives the first match at or after from; start < 0 says that there is none.
type finder func(s string, from int) (start, end int)

// known is the pattern of an expression that is scanned by hand, else nil.
func known(expr string) *Pattern {
	t := classTable()
	switch expr {
	case GPT2:
		return t.whole(leadOnly(' '), letter, t.gpt2)
	case CL100K:
		return t.whole(t.leadBut("\r\n'"), letter, func(s string, i int) int { return t.cl100k(s, i, 3, letter, space|letter|number) })
	case Qwen2:
		return t.whole(t.leadBut("\r\n'"), letter, func(s string, i int) int { return t.cl100k(s, i, 1, letter, space|letter|number) })
	case Qwen35:
		return t.whole(t.leadBut("\r\n'"), letter|mark, func(s string, i int) int {
			return t.cl100k(s, i, 1, letter|mark, space|letter|mark|number)
		})
	case O200K:
		return &Pattern{find: total(t.o200k), words: func(s string, c *cuts) bool { return c.scan(s, t.o200k) }}
	case deepseekDigits:
		return &Pattern{find: t.findDigits}
	case deepseekCJK:
		return &Pattern{find: findCJK}
	case deepseekRest:
		return &Pattern{find: partial(t.deepseek)}
	}
	return nil
}

// whole makes a pattern of a scanner that matches at every place, with what scanWords wants to know.
func (t *classes) whole(lead *leads, more uint8, scan func(s string, i int) int) *Pattern {
	return &Pattern{find: total(scan), words: func(s string, c *cuts) bool { return t.scanWords(s, c, lead, more, scan) }}
}

// total makes a finder of a scanner that matches at every place.
func total(scan func(s string, i int) int) finder {
	return func(s string, from int) (int, int) {
		if from >= len(s) {
			return -1, -1
		}
		return from, scan(s, from)
	}
}

// partial makes a finder of a scanner that gives its argument back where it does not match.
func partial(scan func(s string, i int) int) finder {
	return func(s string, from int) (int, int) {
		for i := from; i < len(s); {
			if end := scan(s, i); end > i {
				return i, end
			}
			if s[i] < utf8.RuneSelf {
				i++
				continue
			}
			_, w := utf8.DecodeRuneInString(s[i:])
			i += w
		}
		return -1, -1
	}
}

func (t *classes) gpt2(s string, i int) int {
	if s[i] == '\'' {
		if n := contraction(s[i:]); n > 0 {
			return i + n
		}
	}
	j := i
	if s[i] == ' ' {
		j++
	}
	switch bits, w := t.at(s, j); {
	case w == 0 || bits&space != 0:
		return t.white(s, i)
	case bits&letter != 0:
		return t.run(s, j+w, letter)
	case bits&number != 0:
		return t.run(s, j+w, number)
	default:
		return t.runWithout(s, j+w, space|letter|number)
	}
}

// cl100k scans the family of cl100k: words are runs of word, numbers have at most digits runes, the rest are runs without notRest.
func (t *classes) cl100k(s string, i, digits int, word, notRest uint8) int {
	c := s[i]
	if c == '\'' {
		if n := contractionFold(s[i:]); n > 0 {
			return i + n
		}
	}
	bits, w := t.at(s, i)
	if bits&word != 0 {
		return t.run(s, i+w, word)
	}
	if bits&number != 0 {
		return t.digits(s, i, digits)
	}
	next, nw := t.at(s, i+w)
	if next&word != 0 && c != '\r' && c != '\n' {
		return t.run(s, i+w+nw, word)
	}
	if bits&space == 0 {
		return newlines(s, t.runWithout(s, i+w, notRest), false)
	}
	if c == ' ' && nw > 0 && next&notRest == 0 {
		return newlines(s, t.runWithout(s, i+w+nw, notRest), false)
	}
	return t.whiteLines(s, i)
}

// digits is the end of at most max numbers from s[i].
func (t *classes) digits(s string, i, max int) int {
	for range max {
		bits, w := t.at(s, i)
		if bits&number == 0 {
			return i
		}
		i += w
	}
	return i
}

// newlines passes over \r and \n, and over / as well where slash is set.
func newlines(s string, i int, slash bool) int {
	for i < len(s) && (s[i] == '\n' || s[i] == '\r' || slash && s[i] == '/') {
		i++
	}
	return i
}

// white is \s+(?!\S)|\s+ : a run of white space but for its last rune where a word follows.
func (t *classes) white(s string, i int) int {
	end := t.run(s, i, space)
	if end == len(s) {
		return end
	}
	_, w := utf8.DecodeLastRuneInString(s[i:end])
	if end-w > i {
		return end - w
	}
	return end
}

// whiteLines is \s*[\r\n]+|\s+(?!\S)|\s+ : up to the last line end of a run of white space, where it has one.
func (t *classes) whiteLines(s string, i int) int {
	end := t.run(s, i, space)
	for j := end; j > i; j-- {
		if s[j-1] == '\n' || s[j-1] == '\r' {
			return j
		}
	}
	return t.white(s, i)
}

// contraction is the length of 's 't 're 've 'm 'll 'd at the start of s, else 0.
func contraction(s string) int {
	if len(s) > 1 {
		switch s[1] {
		case 's', 't', 'm', 'd':
			return 2
		}
	}
	if len(s) > 2 {
		switch s[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// contractionFold is contraction whatever the case; U+017F is a small s in Unicode's folding.
func contractionFold(s string) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	switch s[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(s) > 2 && s[2]|0x20 == 'e' {
			return 3
		}
	case 'l':
		if len(s) > 2 && s[2]|0x20 == 'l' {
			return 3
		}
	}
	if len(s) > 2 && s[1:3] == "\u017f" {
		return 3
	}
	return 0
}

func (t *classes) findDigits(s string, from int) (start, end int) {
	start = t.runWithout(s, from, number)
	if start >= len(s) {
		return -1, -1
	}
	return start, t.digits(s, start, 3)
}

func findCJK(s string, from int) (start, end int) {
	for start = from; start < len(s); start++ {
		if c := s[start]; c < 0xe3 || c > 0xe9 { // first bytes of U+3000 to U+9FFF
			continue
		}
		if end := cjk(s, start); end > start {
			return start, end
		}
	}
	return -1, -1
}

func cjk(s string, i int) int {
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if (r < 0x4e00 || r > 0x9fa5) && (r < 0x3040 || r > 0x30ff) {
			return i
		}
		i += w
	}
	return i
}
