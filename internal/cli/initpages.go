package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// pagesFound is what the Markdown pages of a folder are.
type pagesFound struct {
	Files   int
	Looked  int        // pages of the sample that was read
	Askable int        // of these, pages with a bullet followed by code
	Langs   *pageLangs // nil = paths tell no language
	Chinese bool       // of the sample; with Langs, of its pages whose paths tell none
}

// lookAt is how many pages are read, evenly over all of them.
const lookAt = 200

// lookAtPages reads a sample of the pages and the paths of all.
func lookAtPages(folder string, files []string) (*pagesFound, error) {
	p := &pagesFound{Files: len(files), Langs: langsOf(files)}
	han, letters := 0, 0
	step := max(1, float64(len(files))/lookAt)
	for at := 0.0; int(at) < len(files); at += step {
		file := files[int(at)]
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		p.Looked++
		if asks(string(text)) {
			p.Askable++
		}
		if p.Langs == nil || p.Langs.of(file) == "" {
			h, l := countHan(string(text))
			han, letters = han+h, letters+l
		}
	}
	p.Chinese = 10*han > 3*letters // page titles and terms stay Latin in a Chinese page
	return p, nil
}

// asks says whether a page has a bullet and, on a line after it, inline code or a fence: what the shape questions asks for.
func asks(text string) bool {
	bullet := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "* "):
			bullet = true
		case bullet && isCode(line):
			return true
		}
	}
	return false
}

func isCode(line string) bool {
	return strings.HasPrefix(line, "```") || len(line) > 2 && line[0] == '`' && line[len(line)-1] == '`'
}

// countHan counts the letters outside of code, and the Chinese characters among them.
func countHan(text string) (han, letters int) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		if fenced || isCode(line) {
			continue
		}
		for _, r := range line {
			if unicode.IsLetter(r) {
				letters++
			}
			if unicode.Is(unicode.Han, r) {
				han++
			}
		}
	}
	return han, letters
}

// Pattern is the setting files: which paths are read, and what they tell.
func (p *pagesFound) Pattern() string {
	if p.Langs == nil {
		return `(?i)(?P<page>[^/]+)\.(md|markdown)$`
	}
	return p.Langs.pattern()
}

// Default is the language of the pages whose paths tell none.
func (p *pagesFound) Default() string {
	if p.Chinese {
		return "zh"
	}
	return "en"
}

// wording is how one language asks.
type wording struct {
	Lang, Train, Held string
	Borrowed          bool // the language has no words of its own here
}

// Wordings has every language that pages can get; "" where paths tell none.
func (p *pagesFound) Wordings() []wording {
	if p.Langs == nil {
		return []wording{wordingOf("", p.Default())}
	}
	var list []wording
	if p.Langs.Unmarked {
		list = append(list, wordingOf(p.Default(), p.Default()))
	}
	for _, lang := range p.Langs.Names {
		if !p.Langs.Unmarked || lang != p.Default() {
			list = append(list, wordingOf(lang, lang))
		}
	}
	return list
}

func wordingOf(key, lang string) wording {
	switch base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(lang), "_", "-"), "-"); base {
	case "zh":
		return wording{Lang: key, Train: "{title} - {What}", Held: "怎么用 {title} 来{What}？"}
	default:
		return wording{Lang: key, Train: "{What} ({title})", Held: "How do I {what} with {title}?", Borrowed: base != "en"}
	}
}

func (p *pagesFound) notes() []string {
	lines := []string{fmt.Sprintf("found %d Markdown pages; asked for are bullets followed by code", p.Files)}
	if p.Langs != nil {
		var names, borrowed []string
		for _, w := range p.Wordings() {
			names = append(names, w.Lang)
			if w.Borrowed {
				borrowed = append(borrowed, w.Lang)
			}
		}
		lines = append(lines, "languages by their paths: "+strings.Join(names, ", "))
		if len(borrowed) > 0 {
			lines = append(lines, "asked in English until you word it: "+strings.Join(borrowed, ", ")+" (format.shape.questions)")
		}
	}
	switch {
	case p.Askable == 0:
		lines = append(lines, fmt.Sprintf("warning: none of the %d pages looked at has a bullet followed by code: no questions can be made of them, and format will reject such pages", p.Looked))
	case p.Askable < p.Looked:
		lines = append(lines, fmt.Sprintf("%d of the %d pages looked at have none: format will reject such pages", p.Looked-p.Askable, p.Looked))
	}
	return lines
}
