package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/table"
)

// finding is what a folder holds, and what is made of it: pages or tables, never both.
type finding struct {
	Pages   *pagesFound  // nil = tables
	Tables  *tablesFound // nil = pages
	Ignored []string     // files of the other kind
}

// survey looks at every file of a folder. Of two kinds it takes the one that can be trained on, and refuses to choose
// between two that can.
func survey(folder string) (*finding, error) {
	pages, tables, err := listFiles(folder)
	if err != nil {
		return nil, err
	}
	if len(pages) == 0 && len(tables) == 0 {
		return nil, fmt.Errorf("%s holds neither Markdown pages nor tables (%s)", folder, strings.Join(table.Extensions(), " "))
	}
	if len(tables) == 0 {
		p, err := lookAtPages(folder, pages)
		return &finding{Pages: p}, err
	}
	if len(pages) == 0 {
		t, err := lookAtTables(folder, tables)
		return &finding{Tables: t}, err
	}
	return choose(folder, pages, tables)
}

// choose decides between pages and the tables beside them: a README beside data is no page, a package.json no table.
func choose(folder string, pages, tables []string) (*finding, error) {
	p, err := lookAtPages(folder, pages)
	if err != nil {
		return nil, err
	}
	t, bad := lookAtTables(folder, tables)
	readmes := !slices.ContainsFunc(pages, func(page string) bool { return !isReadme(page) })
	switch askable := p.Askable > 0; {
	case t.known && (readmes || !askable):
		return &finding{Tables: t, Ignored: pages}, bad
	case askable && !t.known:
		return &finding{Pages: p, Ignored: tables}, nil
	case askable:
		return nil, fmt.Errorf("%s holds two kinds of data, and a pipeline reads one: give init the folder of one of them\n  Markdown pages: %s\n  tables: %s",
			folder, sampleOf(pages), sampleOf(tables))
	case bad != nil:
		return nil, fmt.Errorf("%s holds Markdown pages without bullets followed by code (%s), and tables that cannot be taken: %w", folder, sampleOf(pages), bad)
	}
	return nil, fmt.Errorf("%s holds Markdown pages without bullets followed by code (%s) and tables of no known shape (%s): give init the folder of one of them",
		folder, sampleOf(pages), sampleOf(tables))
}

func isReadme(page string) bool { return strings.HasPrefix(strings.ToLower(path.Base(page)), "readme") }

// listFiles names the pages and the tables of a folder, relative to it, in lexical order.
func listFiles(folder string) (pages, tables []string, err error) {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no folder %s", folder)
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		name := strings.ToLower(d.Name())
		if ext := filepath.Ext(name); ext == ".md" || ext == ".markdown" {
			pages = append(pages, rel)
			return nil
		}
		for _, squeeze := range []string{".gz", ".zst"} {
			name = strings.TrimSuffix(name, squeeze)
		}
		if slices.Contains(table.Extensions(), filepath.Ext(name)) {
			tables = append(tables, rel)
		}
		return nil
	})
	return pages, tables, err
}

// Notes tells what was found, what is ignored and what will not work, a line each.
func (f *finding) Notes() []string {
	var lines []string
	if f.Pages != nil {
		lines = f.Pages.notes()
	} else {
		lines = f.Tables.notes()
	}
	if len(f.Ignored) > 0 {
		lines = append(lines, "ignored: "+sampleOf(f.Ignored))
	}
	return lines
}

// sampleOf names a few files and counts the rest.
func sampleOf(files []string) string {
	const most = 3
	if len(files) <= most {
		return strings.Join(files, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(files[:most], ", "), len(files)-most)
}
