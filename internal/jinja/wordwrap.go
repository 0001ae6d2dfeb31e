package jinja

import (
	"strings"
	"unicode"

	"fettle/internal/jinja/py"
)

// wordwrapFilter wraps each line by itself, as Python's textwrap does.
func wordwrapFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("wordwrap", "width?", "break_long_words?", "wrapstring?", "break_on_hyphens?")
	w := wrapper{width: int(py.Int(py.Or(b[0], int64(79)))), long: py.Truth(py.Or(b[1], true)), hyphens: py.Truth(py.Or(b[3], true))}
	with := "\n"
	if s := py.Or(b[2], nil); s != nil {
		with = py.String(s)
	}
	text, ok := v.(string)
	if m, markup := v.(py.Markup); markup {
		text, ok = string(m), true
	}
	if u, undefined := v.(*py.Undefined); undefined {
		u.Raise()
	}
	if !ok {
		panic(py.Errorf("AttributeError", "'%s' object has no attribute 'splitlines'", py.TypeName(v)))
	}
	var lines []string
	for _, line := range py.Lines(text, false) {
		if w.width <= 0 {
			panic(py.Errorf("ValueError", "invalid width %d (must be > 0)", w.width))
		}
		lines = append(lines, strings.Join(w.wrap([]rune(line)), with))
	}
	return strings.Join(lines, with)
}

// wrapper is textwrap.TextWrapper with white space left as it is.
type wrapper struct {
	width         int
	long, hyphens bool // longer words are broken; words are broken behind their hyphens
}

func (w wrapper) wrap(text []rune) (lines []string) {
	chunks := w.split(text)
	for len(chunks) > 0 {
		var line [][]rune
		size := 0
		if len(lines) > 0 && blank(chunks[0]) {
			chunks = chunks[1:]
		}
		for len(chunks) > 0 && size+len(chunks[0]) <= w.width {
			line, size, chunks = append(line, chunks[0]), size+len(chunks[0]), chunks[1:]
		}
		if len(chunks) > 0 && len(chunks[0]) > w.width {
			line, chunks = w.breakWord(line, chunks, w.width-size)
		}
		if n := len(line) - 1; n >= 0 && blank(line[n]) {
			line = line[:n]
		}
		if len(line) > 0 {
			var b strings.Builder
			for _, chunk := range line {
				b.WriteString(string(chunk))
			}
			lines = append(lines, b.String())
		}
	}
	return lines
}

// breakWord puts as much of a word that is longer than a line as fits, at a hyphen where there is one.
func (w wrapper) breakWord(line, chunks [][]rune, room int) (longer, rest [][]rune) {
	word := chunks[0]
	switch {
	case w.long:
		end := room
		if w.hyphens && len(word) > room {
			at := room - 1
			for at > 0 && word[at] != '-' {
				at--
			}
			if at > 0 && strings.Trim(string(word[:at]), "-") != "" {
				end = at + 1
			}
		}
		return append(line, word[:end]), append([][]rune{word[end:]}, chunks[1:]...)
	case len(line) == 0:
		return append(line, word), chunks[1:]
	}
	return line, chunks
}

func blank(chunk []rune) bool { return strings.TrimFunc(string(chunk), py.IsSpace) == "" }

// split cuts a text where lines may end: textwrap's wordsep_re (or wordsep_simple_re), written out.
func (w wrapper) split(text []rune) (chunks [][]rune) {
	t := wrapped(text)
	for at := 0; at < len(text); {
		end := at + 1
		switch {
		case t.space(at):
			for t.space(end) {
				end++
			}
		case !w.hyphens:
			for end < len(text) && !t.space(end) {
				end++
			}
		case t.dash(at) > 0:
			end = t.dash(at)
		default:
			for end < len(text) && !t.space(end) && t.dash(end) == 0 {
				if t.hyphen(end) {
					end++
					break
				}
				end++
			}
		}
		chunks, at = append(chunks, text[at:end]), end
	}
	return chunks
}

// wrapped is a text under textwrap's rules; places outside are nothing.
type wrapped []rune

func (t wrapped) at(i int) rune {
	if i < 0 || i >= len(t) {
		return -1
	}
	return t[i]
}

func (t wrapped) space(i int) bool {
	return i >= 0 && i < len(t) && strings.ContainsRune("\t\n\v\f\r ", t[i])
}

// word is \w: what is alphanumeric to Python, and the underscore.
func (t wrapped) word(i int) bool {
	r := t.at(i)
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

func (t wrapped) letter(i int) bool { return t.word(i) && !unicode.IsDigit(t.at(i)) }

// dash is the end of an em-dash between words that begins at a place, 0 = none does.
func (t wrapped) dash(i int) int {
	if !t.word(i-1) && !(i > 0 && strings.ContainsRune(`!"'&.,?`, t.at(i-1))) {
		return 0
	}
	end := i
	for t.at(end) == '-' {
		end++
	}
	if end-i < 2 || !t.word(end) {
		return 0
	}
	return end
}

// hyphen says whether a place is a hyphen within a word, behind which a line may end.
func (t wrapped) hyphen(i int) bool {
	if t.at(i) != '-' {
		return false
	}
	before := t.letter(i-1) && (t.letter(i-2) || t.at(i-2) == '-' && t.letter(i-3))
	behind := t.letter(i+1) && (t.letter(i+2) || t.at(i+2) == '-' && t.letter(i+3))
	return before && behind
}
