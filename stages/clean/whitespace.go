package clean

import (
	"strings"
	"unicode"
)

// Whitespace makes white space regular: odd spaces become plain ones, line ends lose trailing space, runs of blank lines
// shrink, the text has no blank lines at its borders. Indentation stays, for code; so does the ideographic space of Chinese.
type Whitespace struct {
	BlankLines int  `json:"blank_lines" check:"min=0" jsonschema:"longest run of blank lines that is kept"`
	Collapse   bool `json:"collapse" jsonschema:"make runs of spaces inside a line one space (not its indentation)"`
}

func init() { register("whitespace", &Whitespace{BlankLines: 1}) }

func (*Whitespace) Reasons() []string { return nil }

// Apply repairs; it drops nothing.
func (w *Whitespace) Apply(d *Document) Verdict {
	d.Rewrite(w.Clean)
	return Keep
}

// Clean is the rule for one text.
func (w *Whitespace) Clean(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank := 0
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRightFunc(strings.Map(plainSpace, line), unicode.IsSpace)
		if line == "" {
			blank++
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			for range min(blank, w.BlankLines) {
				b.WriteByte('\n')
			}
		}
		blank = 0
		if w.Collapse {
			line = collapse(line)
		}
		b.WriteString(line)
	}
	return b.String()
}

// plainSpace maps no-break, typographic and Ogham spaces to U+0020; tabs and U+3000 stay.
func plainSpace(r rune) rune {
	switch {
	case r == 0xA0, r == 0x1680, 0x2000 <= r && r <= 0x200A, r == 0x202F, r == 0x205F:
		return ' '
	case r == '\r':
		return -1
	}
	return r
}

func collapse(line string) string {
	text := strings.TrimLeft(line, " \t")
	var b strings.Builder
	b.WriteString(line[:len(line)-len(text)])
	last := rune(0)
	for _, r := range text {
		if r == '\t' {
			r = ' '
		}
		if r != ' ' || last != ' ' {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}
