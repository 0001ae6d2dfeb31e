package format

import (
	"strings"
)

// page is a document of "heading, bullet, code" form: a title, and items that say what to do and the code that does it.
type page struct {
	title string
	items []item
}

type item struct {
	what string
	code string
}

// parsePage reads Markdown: `# title`, then `- what:` or `* what` followed by a line of inline code or a fenced block.
// A bullet without code, and code without a bullet, are no items.
func parsePage(text string) page {
	var p page
	lines := strings.Split(text, "\n")
	what := ""
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(line, "# ") && p.title == "":
			p.title = strings.TrimSpace(line[2:])
		case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "* "):
			what = strings.TrimSpace(line[2:])
		case strings.HasPrefix(line, "```"):
			code, end := fenced(lines, i)
			p.add(what, code)
			what, i = "", end
		case len(line) > 2 && line[0] == '`' && line[len(line)-1] == '`':
			p.add(what, strings.TrimSpace(strings.Trim(line, "`")))
			what = ""
		}
	}
	return p
}

func (p *page) add(what, code string) {
	if what != "" && code != "" {
		p.items = append(p.items, item{what: what, code: code})
	}
}

// fenced is the text of the block that opens in line i, and the line that closes it.
func fenced(lines []string, i int) (string, int) {
	var code []string
	for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
		code = append(code, lines[i])
	}
	return strings.TrimSpace(strings.Join(code, "\n")), i
}

// tidyWhat makes a bullet a plain phrase: no closing colon, no inline code marks, mnemonics `[c]reate` without brackets.
func tidyWhat(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ":：")
	s = strings.ReplaceAll(s, "`", "")
	return strings.TrimSpace(unbracket(s))
}

// unbracket removes the brackets of mnemonics: one to three letters in brackets that touch a word, or stand for one.
func unbracket(s string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '[')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], ']')
		if end < 0 {
			break
		}
		inner := s[open+1 : open+end]
		b.WriteString(s[:open])
		if len(inner) > 0 && len(inner) <= 3 && strings.Trim(inner, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
			b.WriteString(inner)
		} else {
			b.WriteString(s[open : open+end+1])
		}
		s = s[open+end+1:]
	}
	b.WriteString(s)
	return b.String()
}

// placeholders rewrites what a reader fills in: `{{[-x|--long]}}` becomes its first form, `{{path/to/file}}` becomes
// `<path/to/file>`. bones are the same with every placeholder's text left out: what two languages share.
func placeholders(code string) (text, bones string) {
	var t, b strings.Builder
	for {
		open := strings.Index(code, "{{")
		if open < 0 {
			break
		}
		end := closing(code, open)
		if end < 0 {
			break
		}
		t.WriteString(code[:open])
		b.WriteString(code[:open])
		inner := code[open+2 : end]
		if choice, ok := strings.CutPrefix(inner, "["); ok && strings.HasSuffix(choice, "]") {
			first, _, _ := strings.Cut(strings.TrimSuffix(choice, "]"), "|")
			t.WriteString(first)
			b.WriteString(first)
		} else {
			t.WriteString("<" + inner + ">")
			b.WriteString("<>")
		}
		code = code[end+2:]
	}
	t.WriteString(code)
	b.WriteString(code)
	return t.String(), b.String()
}

// closing is where the }} of the {{ at open starts; `{{}}}` closes at the last pair of a run, so that `{{{a}}}` keeps `{a}`.
func closing(code string, open int) int {
	end := strings.Index(code[open+2:], "}}")
	if end < 0 {
		return -1
	}
	end += open + 2
	for end+2 < len(code) && code[end+2] == '}' {
		end++
	}
	return end
}
