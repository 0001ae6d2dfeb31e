package archtest_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// file is a Go file of the main module.
type file struct {
	path    string // from the root, with /
	imports []string
	raw     []byte
}

func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// in is the first folder of the path, "" for main.
func (f file) in() string {
	top, _, ok := strings.Cut(f.path, "/")
	if !ok {
		return ""
	}
	return top
}

func goFiles(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if d.IsDir() {
			if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || ownModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, raw, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{path: rel, raw: raw}
		for _, s := range parsed.Imports {
			name, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("found %d Go files: is the root right?", len(all))
	}
	return all
}

// ownModule: tools/ and bench/ have go.mod files of their own.
func ownModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// stageOf is the stage that a path or import path lies in: "clean" for stages/clean/near.
func stageOf(path string) string {
	rest, ok := strings.CutPrefix(path, "stages/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestImportOrder(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, name := range f.imports {
			own, ok := strings.CutPrefix(name, "fettle/")
			if !ok {
				continue
			}
			to, _, _ := strings.Cut(own, "/")
			switch {
			case f.in() == "schemas":
				t.Errorf("%s imports %s: schemas import nothing of fettle", f.path, name)
			case f.in() == "internal" && to == "stages" && !f.test(): // tests of the whole road may
				t.Errorf("%s imports %s: internal packages know no stage", f.path, name)
			case stageOf(f.path) != "" && to == "stages" && stageOf(own) != stageOf(f.path):
				t.Errorf("%s imports %s: stages meet in artifacts only", f.path, name)
			}
		}
	}
}

func TestWhoImportsWhat(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, name := range f.imports {
			for _, rule := range []struct{ prefix, only, why string }{
				{"github.com/apache/arrow-go", "internal/table/", "internal/table alone reads and writes tables"},
				{"github.com/parquet-go", "internal/table/", "internal/table alone reads and writes tables"},
				{"github.com/dagu-org", "-", "Dagu is GPL-3.0: it is run as a program, never imported"},
			} {
				if strings.HasPrefix(name, rule.prefix) && !strings.HasPrefix(f.path, rule.only) {
					t.Errorf("%s imports %s: %s", f.path, name, rule.why)
				}
			}
		}
	}
}

// The network is met where models are fetched, answers are served and Dagu is set up; a run needs none.
func TestWhoMeetsTheNetwork(t *testing.T) {
	allowed := []string{"internal/hub/", "internal/serve/", "internal/cli/serve.go", "internal/dagu/"}
	for _, f := range goFiles(t) {
		for _, name := range f.imports {
			meets := name == "net" || name == "net/http" || strings.HasPrefix(name, "net/http/")
			if meets && !f.test() && !slices.ContainsFunc(allowed, func(where string) bool { return strings.HasPrefix(f.path, where) }) {
				t.Errorf("%s imports %s: only %s meet the network", f.path, name, strings.Join(allowed, ", "))
			}
		}
	}
}

func TestFilesAreShortAndFinished(t *testing.T) {
	unfinished := regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"}, "|") + `)\b`)
	for _, f := range goFiles(t) {
		if lines := bytes.Count(f.raw, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines: 500 is the most", f.path, lines)
		}
		for n, line := range strings.Split(string(f.raw), "\n") {
			if word := unfinished.FindString(line); word != "" {
				t.Errorf("%s:%d says %s", f.path, n+1, word)
			}
		}
	}
}

// Every package says what it is for, in doc.go or, for small ones, at the top of one file.
func TestPackagesHaveDocs(t *testing.T) {
	documented, packages := map[string]bool{}, []string{}
	for _, f := range goFiles(t) {
		if f.test() {
			continue
		}
		dir := filepath.ToSlash(filepath.Dir(f.path))
		if !slices.Contains(packages, dir) {
			packages = append(packages, dir)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.raw, parser.PackageClauseOnly|parser.ParseComments)
		if err == nil && parsed.Doc != nil {
			documented[dir] = true
		}
	}
	for _, dir := range packages {
		if !documented[dir] {
			t.Errorf("package %s has no documentation", dir)
		}
	}
}
