package ingest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"

	"fettle/internal/table"
)

func init() {
	register("markdown", &Markdown{Files: `\.(md|markdown)$`})
}

// Markdown reads a folder or archive of Markdown pages: one row a page, with its title (the first heading) and its text.
// Named groups of the pattern Files become columns.
type Markdown struct {
	Name     string            `json:"name" check:"required" jsonschema:"name of the source, carried by every row"`
	From     string            `json:"path" path:"file" check:"required" jsonschema:"folder, .tar(.gz|.zst|.bz2) or .zip archive, or one file"`
	Licence  string            `json:"licence" jsonschema:"licence of the data, carried to the dataset card"`
	Files    string            `json:"files" jsonschema:"regular expression of the file paths to read; named groups (?P<lang>..) become columns"`
	Defaults map[string]string `json:"defaults" jsonschema:"value of a named group that does not take part in the match"`
}

// Label implements Source.
func (m *Markdown) Label() string { return m.Name }

// Terms implements Source.
func (m *Markdown) Terms() string { return m.Licence }

// Check refuses a pattern that does not compile or whose groups clash with the page's own columns.
func (m *Markdown) Check(fault func(field, want string)) {
	re, err := regexp.Compile(m.Files)
	if err != nil {
		fault("files", fmt.Sprintf("a regular expression (%v)", err))
		return
	}
	groups := map[string]bool{}
	for _, name := range groupNames(re) {
		if name == "title" || name == "text" || groups[name] {
			fault("files", fmt.Sprintf("another name for the group %q: the page has a column of that name", name))
		}
		groups[name] = true
	}
	for name := range m.Defaults {
		if !groups[name] {
			fault("defaults", fmt.Sprintf("names of groups of files: there is no group %q", name))
		}
	}
}

func groupNames(re *regexp.Regexp) []string {
	var names []string
	for _, name := range re.SubexpNames() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Columns implements Source.
func (m *Markdown) Columns(Env) ([]table.Field, error) {
	re, err := regexp.Compile(m.Files)
	if err != nil {
		return nil, err
	}
	var fields []table.Field
	for _, name := range append(groupNames(re), "title", "text") {
		fields = append(fields, table.Field{Name: name, Type: table.String})
	}
	return fields, nil
}

// Read implements Source.
func (m *Markdown) Read(ctx context.Context, env Env) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		re, err := regexp.Compile(m.Files)
		if err != nil {
			yield(Record{}, err)
			return
		}
		want := func(name string) bool {
			ok := re.MatchString(name)
			if !ok {
				env.Skip(name)
			}
			return ok
		}
		for e, err := range entries(env.Path(m.From), want) {
			var rec Record
			if err == nil {
				rec, err = m.page(e, re)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func (m *Markdown) page(e entry, re *regexp.Regexp) (Record, error) {
	if e.bad != nil {
		return Record{}, e.bad
	}
	text := bytes.TrimPrefix(e.text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		line := invalidLine(text)
		return Record{}, &Fault{File: e.name, Row: 1, Line: line, Reason: "invalid_utf8", Detail: "pages are UTF-8: convert the file", Raw: strings.ToValidUTF8(string(text), "\ufffd")}
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return Record{}, &Fault{File: e.name, Row: 1, Line: 1, Reason: "not_text", Detail: "the file holds NUL bytes"}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Record{}, &Fault{File: e.name, Row: 1, Line: 1, Reason: "empty_file", Detail: "nothing but white space"}
	}
	rec := Record{File: e.name}
	match := re.FindStringSubmatchIndex(e.name)
	for i, name := range re.SubexpNames() {
		if name == "" {
			continue
		}
		value := m.Defaults[name]
		if match[2*i] >= 0 {
			value = e.name[match[2*i]:match[2*i+1]]
		}
		rec.Values = append(rec.Values, value)
	}
	body := strings.ReplaceAll(string(text), "\r\n", "\n")
	title, line := heading(body)
	rec.Row = line
	rec.Values = append(rec.Values, title, body)
	return rec, nil
}

// heading is the first level-1 heading and its line; without one, "" and the first line.
func heading(text string) (string, int64) {
	line := int64(0)
	for l := range strings.SplitSeq(text, "\n") {
		line++
		if title, ok := strings.CutPrefix(l, "# "); ok {
			return strings.TrimSpace(title), line
		}
	}
	return "", 1
}

func invalidLine(text []byte) int64 {
	line := int64(1)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		text = text[n:]
	}
	return line
}
