package syntax

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"fettle/internal/jinja/py"
)

type kind int

const (
	kindEOF kind = iota
	kindData
	kindVarBegin
	kindVarEnd
	kindBlockBegin
	kindBlockEnd
	kindName
	kindString
	kindNumber
	kindOp
)

type token struct {
	kind  kind
	text  string // name, operator, text of data or string
	value any    // of a number
	at    int    // byte offset
}

// lexer follows Jinja2's: root text with tags, then the inside of a tag. lineStart is its line_starting, which decides
// whether lstrip_blocks may eat the white space before a tag that follows another one on a fresh line.
type lexer struct {
	src       string
	pos       int
	lines     []int // byte offset of each line
	lineStart bool
	tokens    []token
}

func lex(src string) (l *lexer, err error) {
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	src = strings.TrimSuffix(src, "\n")
	l = &lexer{src: src, lineStart: true, lines: []int{0}}
	for i := range len(src) {
		if src[i] == '\n' {
			l.lines = append(l.lines, i+1)
		}
	}
	for l.pos < len(src) {
		if err := l.root(); err != nil {
			return l, err
		}
	}
	l.emit(token{kind: kindEOF, at: len(src)})
	return l, nil
}

func (l *lexer) place(at int) Pos {
	line := sort.SearchInts(l.lines, at+1)
	return Pos{line, utf8.RuneCountInString(l.src[l.lines[line-1]:min(at, len(l.src))]) + 1}
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return &Error{l.place(at), fmt.Sprintf(format, args...)}
}

func (l *lexer) emit(t token) { l.tokens = append(l.tokens, t) }

func (l *lexer) data(text string, at int) {
	if text != "" {
		l.emit(token{kind: kindData, text: text, at: at})
	}
}

// root takes text up to the next tag, then the tag.
func (l *lexer) root() error {
	at, start := l.pos, l.nextTag()
	if start < 0 {
		l.data(l.src[at:], at)
		l.pos = len(l.src)
		return nil
	}
	variable := l.src[start+1] == '{'
	comment := l.src[start+1] == '#'
	l.pos = start + 2
	sign := l.sign()
	l.data(l.strip(l.src[at:start], sign, variable), at)
	l.lineStart = false
	switch {
	case comment:
		return l.comment(start)
	case variable:
		l.emit(token{kind: kindVarBegin, at: start})
		return l.inside(start, kindVarEnd)
	}
	if end, ok := l.keywordTag(l.pos, "raw", false); ok {
		l.pos = end
		l.lineStart = l.src[end-1] == '\n'
		return l.raw(start)
	}
	l.emit(token{kind: kindBlockBegin, at: start})
	return l.inside(start, kindBlockEnd)
}

func (l *lexer) nextTag() int {
	for i := l.pos; i+1 < len(l.src); i++ {
		if l.src[i] == '{' && strings.IndexByte("{%#", l.src[i+1]) >= 0 {
			return i
		}
	}
	return -1
}

// sign takes the white space control after a tag's opening.
func (l *lexer) sign() byte {
	if l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
		l.pos++
		return l.src[l.pos-1]
	}
	return 0
}

// strip cuts the text before a tag: all trailing white space for "-", what stands before it on its line for lstrip_blocks.
func (l *lexer) strip(text string, sign byte, variable bool) string {
	if sign == '-' {
		return strings.TrimRightFunc(text, py.IsSpace)
	}
	if sign == '+' || variable {
		return text
	}
	line := strings.LastIndexByte(text, '\n') + 1
	if (line > 0 || l.lineStart) && strings.TrimFunc(text[line:], py.IsSpace) == "" {
		return text[:line]
	}
	return text
}

func (l *lexer) comment(start int) error {
	i := strings.Index(l.src[l.pos:], "#}")
	if i < 0 {
		return l.fail(start, "Missing end of comment tag")
	}
	end := l.pos + i + 2
	stripAll := i > 0 && l.src[l.pos+i-1] == '-'
	plus := i > 0 && l.src[l.pos+i-1] == '+'
	l.pos = end
	l.closeTag(stripAll, !plus)
	return nil
}

// closeTag eats what follows a tag's end: all white space, or the one newline of trim_blocks.
func (l *lexer) closeTag(all, newline bool) {
	if all {
		l.pos = skipSpace(l.src, l.pos)
	} else if newline && l.pos < len(l.src) && l.src[l.pos] == '\n' {
		l.pos++
	}
	l.lineStart = l.src[l.pos-1] == '\n'
}

func skipSpace(s string, at int) int {
	return len(s) - len(strings.TrimLeftFunc(s[at:], py.IsSpace))
}

// keywordTag matches the rest of {% word %} at a place behind the opening and returns the place behind it.
func (l *lexer) keywordTag(at int, word string, trim bool) (int, bool) {
	i := skipSpace(l.src, at)
	if !strings.HasPrefix(l.src[i:], word) {
		return 0, false
	}
	i = skipSpace(l.src, i+len(word))
	rest := l.src[i:]
	switch {
	case strings.HasPrefix(rest, "-%}"):
		return skipSpace(l.src, i+3), true
	case strings.HasPrefix(rest, "%}"):
		i += 2
		if trim && strings.HasPrefix(l.src[i:], "\n") {
			i++
		}
		return i, true
	case trim && strings.HasPrefix(rest, "+%}"):
		return i + 3, true
	}
	return 0, false
}

func (l *lexer) raw(start int) error {
	at := l.pos
	for i := at; ; i++ {
		next := strings.Index(l.src[i:], "{%")
		if next < 0 {
			return l.fail(start, "Missing end of raw directive")
		}
		i += next
		l.pos = i + 2
		sign := l.sign()
		if end, ok := l.keywordTag(l.pos, "endraw", true); ok {
			l.data(l.strip(l.src[at:i], sign, false), at)
			l.pos = end
			l.lineStart = l.src[end-1] == '\n'
			return nil
		}
	}
}
