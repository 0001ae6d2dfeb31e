package cli

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"fettle/internal/stage"
)

//go:embed init_dag.yaml.tmpl
var dagTemplate string

//go:embed init_stages.yaml.tmpl
var stagesTemplate string

func (a *App) init(_ context.Context, args []string) int {
	fs := a.flags("init", `NAME FOLDER [-model DIR]

Looks at a folder of files (Markdown pages, or tables: .jsonl .csv .parquet ...) and writes pipelines/NAME.yaml and
pipelines/NAME/stages.yaml, to be edited. Nothing that exists is replaced.`)
	model := fs.String("model", "pipelines/quickstart/base", "Hugging Face model directory to tune")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 2 {
		return a.misuse(fs, "want a name and a folder")
	}
	name, folder := rest[0], rest[1]
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(name) {
		return a.misuse(fs, "name %q: want small letters, digits, - and _", name)
	}
	root, err := stage.FindRoot(".")
	if err != nil {
		if root, err = os.Getwd(); err != nil {
			return a.fail("init", err)
		}
	}
	found, err := survey(folder)
	if err != nil {
		return a.fail("init", err)
	}
	files := []struct{ path, text string }{
		{filepath.Join(root, "pipelines", name, "stages.yaml"), stagesTemplate},
		{filepath.Join(root, "pipelines", name+".yaml"), dagTemplate},
	}
	for _, f := range files { // before the first is written
		if _, err := os.Lstat(f.path); err == nil {
			return a.fail("init", fmt.Errorf("%s exists", f.path))
		}
	}
	v := map[string]any{"Name": name, "Folder": within(root, folder), "Model": *model, "Found": found}
	for _, f := range files {
		if err := writeNew(f.path, f.text, v); err != nil {
			return a.fail("init", err)
		}
		fmt.Fprintln(a.Stderr, "wrote", f.path)
	}
	for _, line := range found.Notes() {
		fmt.Fprintln(a.Stderr, line)
	}
	fmt.Fprintf(a.Stderr, "look at them, then: fettle plan %s && fettle run %s\n", name, name)
	return 0
}

// within is the path as settings have it: relative to the project's root where it lies inside, else absolute.
func within(root, path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return abs
}

func writeNew(path, text string, v any) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	t := template.Must(template.New("").Delims("<<", ">>").Funcs(template.FuncMap{"q": quote}).Parse(text))
	if err := t.Execute(f, v); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// quote spells a string as JSON does, which is YAML for any path or column name.
func quote(s string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n"), err
}
