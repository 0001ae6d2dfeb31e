package cli

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// pageLangs is how paths tell the language of a page.
type pageLangs struct {
	Form     *langForm
	Names    []string // as the paths spell them, sorted
	Unmarked bool     // some pages tell none
}

// langForm is one way to mark a language in a path.
type langForm struct {
	mark    *regexp.Regexp // finds it: the groups are what stands before, the language and what stands after
	without string         // a path without its mark, as a template of those groups
	pattern string         // the setting files; %s = the languages
}

const pageName = `(?P<page>[^/]+)\.(?i:md|markdown)$`

// langMark looks like an ISO 639-1 code, or one with a script or region: zh, zh_TW, pt-BR, zh-Hans.
const langMark = `([a-z]{2}(?:[-_](?:[A-Za-z]{2}|Han[st]))?)`

var langForms = []*langForm{
	{ // tar.zh.md
		regexp.MustCompile(`^(.+)\.` + langMark + `(\.[^./]+)$`), "$1$3",
		`(?P<page>[^/]+?)(?:\.(?P<lang>%s))?\.(?i:md|markdown)$`,
	},
	{ // pages.zh/tar.md
		regexp.MustCompile(`^((?:[^/]+/)*?[^/]+)\.` + langMark + `(/.+)$`), "$1$3",
		`^(?:(?:[^/]+/)*?[^/]+\.(?P<lang>%s)/)?(?:.*/)?` + pageName,
	},
	{ // zh/tar.md
		regexp.MustCompile(`^((?:[^/]+/)*?)` + langMark + `/(.+)$`), "$1$3",
		`^(?:(?:[^/]+/)*?(?P<lang>%s)/)?(?:.*/)?` + pageName,
	},
	{ // ui/zh/tar.md
		regexp.MustCompile(`^((?:[^/]+/)*)` + langMark + `/(.+)$`), "$1$3",
		`^(?:(?:[^/]+/)*?(?P<lang>%s)/)?(?:.*/)?` + pageName,
	},
}

// langsOf finds the form of the most translations: pages that are the same but for their marks. What merely looks like a
// mark, as the folder of a tool named `go`, has no translations.
func langsOf(files []string) *pageLangs {
	var best *pageLangs
	most := 0
	for _, form := range langForms {
		if l, pairs := form.langs(files); pairs > most {
			best, most = l, pairs
		}
	}
	return best
}

// langs are the languages for which at least half of the marked pages exist in another one, and the number of these pages.
// A language of less than a twentieth of the pages is chance (git.md and git.am.md), but for Chinese.
func (form *langForm) langs(files []string) (l *pageLangs, pairs int) {
	pages := map[string][]string{} // page without its mark -> languages
	for _, file := range files {
		page, lang := form.split(file)
		pages[page] = append(pages[page], lang)
	}
	marked, paired := map[string]int{}, map[string]int{}
	for _, langs := range pages {
		for _, lang := range langs {
			marked[lang]++
			if slices.ContainsFunc(langs, func(other string) bool { return other != lang }) {
				paired[lang]++
			}
		}
	}
	l = &pageLangs{Form: form}
	for lang, n := range paired {
		if lang != "" && 2*n >= marked[lang] && (20*n >= len(pages) || strings.HasPrefix(lang, "zh")) {
			l.Names = append(l.Names, lang)
			pairs += n
		}
	}
	slices.Sort(l.Names)
	l.Unmarked = slices.ContainsFunc(files, func(file string) bool { return l.of(file) == "" })
	return l, pairs
}

// split takes the mark out of a path.
func (form *langForm) split(file string) (page, lang string) {
	at := form.mark.FindStringSubmatchIndex(file)
	if at == nil || !isLanguage(file[at[4]:at[5]]) {
		return strings.TrimSuffix(file, path.Ext(file)), ""
	}
	page = string(form.mark.ExpandString(nil, form.without, file, at))
	return strings.TrimSuffix(page, path.Ext(page)), file[at[4]:at[5]]
}

// isLanguage knows the codes; sh, which is out of use, ends the names of scripts (acme.sh.md).
func isLanguage(mark string) bool {
	_, err := language.ParseBase(mark[:2])
	return err == nil && mark[:2] != "sh"
}

// of is the language that a path tells, or "".
func (l *pageLangs) of(file string) string {
	if _, lang := l.Form.split(file); slices.Contains(l.Names, lang) {
		return lang
	}
	return ""
}

func (l *pageLangs) pattern() string {
	return fmt.Sprintf(l.Form.pattern, strings.Join(l.Names, "|"))
}
