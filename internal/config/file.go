package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// largest settings file read; more is a mistake.
const largest = 1 << 20

// File is a parsed settings file; its values are judged by Decode.
type File struct {
	path string
	text string // without BOM, lines end in \n
	crlf bool   // lines ended in \r\n
	root *node
}

// Load reads and parses a settings file.
func Load(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return Parse(path, data)
}

// Parse is Load for text in memory; path is for messages only.
func Parse(path string, data []byte) (*File, error) {
	f := &File{path: path}
	if want, at := unreadable(data); want != "" {
		before := string(data[:at])
		col := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
		return nil, f.fault(1+strings.Count(before, "\n"), col, want)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	f.crlf = bytes.Contains(data, []byte("\r\n"))
	f.text = string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	return f, f.parse()
}

func unreadable(data []byte) (want string, at int) {
	switch {
	case len(data) > largest:
		return "want a settings file of at most 1 MiB", 0
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "want UTF-8: the file is UTF-16", 0
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return "want UTF-8: this byte is not", i
		}
		if r == 0 {
			return "want text: this byte is zero", i
		}
		i += n
	}
	return "", 0
}

func (f *File) fault(line, col int, want string) error {
	return &Faults{List: []Fault{{File: f.path, Line: line, Col: col, Want: want}}}
}

// parse fills root. The parser may panic on text that is not YAML: that is a fault of the file, too.
func (f *File) parse() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = f.fault(1, 1, fmt.Sprintf("want YAML: %v", p))
		}
	}()
	tree, err := parser.ParseBytes([]byte(f.text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return f.syntax(err)
	}
	f.root = &node{kind: mapNode, line: 1, col: 1}
	var docs []*ast.DocumentNode
	for _, d := range tree.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	if len(docs) == 0 {
		return nil
	}
	if len(docs) > 1 {
		n := convert(docs[1].Body)
		return f.fault(n.line, n.col, "want one document: a second one starts here (---)")
	}
	switch n := convert(docs[0].Body); n.kind {
	case mapNode:
		f.root = n
	case nullNode:
	default:
		return f.fault(n.line, n.col, "want sections, such as \"clean:\" with settings below it")
	}
	return nil
}

func (f *File) syntax(err error) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil {
		return f.fault(1, 1, "want YAML: "+err.Error())
	}
	line, col := place(syntax.Token)
	want := syntax.Message
	if strings.Contains(want, "'\t'") {
		want = "want spaces: a tab cannot indent YAML"
	}
	return f.fault(line, col, want)
}

// Fault is a fault of a setting right below a section that shows only beside other files.
func (f *File) Fault(section, setting, want, hint string) error {
	one := Fault{File: f.path, Line: 1, Col: 1, Setting: section + "." + setting, Want: want, Hint: hint}
	if s := f.root.get(section); s != nil {
		one.Line, one.Col = s.line, s.col
		if e := s.value.get(setting); e != nil {
			one.Line, one.Col, one.Got = e.value.line, e.value.col, show(e.value)
		}
	}
	return &Faults{List: []Fault{one}}
}

// Path is the name that Load was given.
func (f *File) Path() string { return f.path }

// Has says whether the file has a section.
func (f *File) Has(section string) bool { return f.root.get(section) != nil }

// Sections are the names of the sections, in the order of the file.
func (f *File) Sections() []string {
	var names []string
	for _, e := range f.root.entries {
		names = append(names, e.key)
	}
	return names
}

// CheckSections finds sections that nothing reads, and sections given twice.
func (f *File) CheckSections(known ...string) error {
	var faults Faults
	for _, e := range f.root.entries {
		one := Fault{File: f.path, Line: e.line, Col: e.col, Setting: e.key}
		if e.bad != "" {
			one.Want = "want " + e.bad
			faults.add(one)
			continue
		}
		if !slices.Contains(known, e.key) {
			one.Want, one.Hint = "unknown section, want one of "+list(known), Nearest(e.key, known)
			faults.add(one)
		}
	}
	return faults.err()
}

func itoa(i int) string { return strconv.Itoa(i) }
