package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"fettle/internal/stage"
	"fettle/internal/table"
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
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(rest[0]) {
		return a.misuse(fs, "name %q: want small letters, digits, - and _", rest[0])
	}
	root, err := stage.FindRoot(".")
	if errors.Is(err, os.ErrNotExist) || err != nil {
		if root, err = os.Getwd(); err != nil {
			return a.fail("init", err)
		}
	}
	found, err := survey(rest[1])
	if err != nil {
		return a.fail("init", err)
	}
	folder := rest[1]
	if abs, err := filepath.Abs(folder); err == nil {
		if rel, err := filepath.Rel(root, abs); err == nil && !strings.HasPrefix(rel, "..") {
			folder = filepath.ToSlash(rel)
		} else {
			folder = abs
		}
	}
	v := map[string]any{"Name": rest[0], "Folder": folder, "Model": *model, "Found": found}
	for _, f := range []struct{ path, text string }{
		{filepath.Join(root, "pipelines", rest[0], "stages.yaml"), stagesTemplate},
		{filepath.Join(root, "pipelines", rest[0]+".yaml"), dagTemplate},
	} {
		if err := writeNew(f.path, f.text, v); err != nil {
			return a.fail("init", err)
		}
		fmt.Fprintln(a.Stderr, "wrote", f.path)
	}
	fmt.Fprintf(a.Stderr, "%s\nlook at them, then: fettle plan %s && fettle run %s\n", found.Summary(), rest[0], rest[0])
	return 0
}

func writeNew(path, text string, v any) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	t := template.Must(template.New("").Delims("<<", ">>").Parse(text))
	return errors.Join(t.Execute(f, v), f.Close())
}

// finding is what a folder holds.
type finding struct {
	Shape    string // questions, messages, sharegpt, alpaca, "" = not recognised
	Markdown int    // pages
	Tables   int
	Columns  []string // of the first table
	Text     string   // the column that clean reads
}

// Summary says it in one line.
func (f finding) Summary() string {
	switch {
	case f.Markdown > 0:
		return fmt.Sprintf("found %d Markdown pages; asked for are bullets followed by code", f.Markdown)
	case f.Shape == "":
		return fmt.Sprintf("found %d tables with the columns %s: no known shape, set format.shape by hand", f.Tables, strings.Join(f.Columns, ", "))
	}
	return fmt.Sprintf("found %d tables of the shape %s", f.Tables, f.Shape)
}

func survey(folder string) (f finding, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.ToLower(path)
		for _, squeeze := range []string{".gz", ".zst"} {
			name = strings.TrimSuffix(name, squeeze)
		}
		switch ext := filepath.Ext(name); {
		case ext == ".md" || ext == ".markdown":
			f.Markdown++
		case slices.Contains(table.Extensions(), ext):
			if f.Tables++; f.Tables == 1 {
				return f.columns(path)
			}
		}
		return nil
	})
	if err == nil && f.Markdown == 0 && f.Tables == 0 {
		err = fmt.Errorf("%s holds neither Markdown pages nor tables (%s)", folder, strings.Join(table.Extensions(), " "))
	}
	if f.Markdown > 0 {
		f.Shape, f.Text = "questions", "text"
	}
	return f, err
}

// columns guesses the shape by the columns of a table.
func (f *finding) columns(path string) error {
	r, err := table.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, field := range r.Schema().Fields {
		f.Columns = append(f.Columns, field.Name)
		if f.Text == "" && field.Type.Equal(table.String) {
			f.Text = field.Name
		}
	}
	for _, known := range []struct{ shape, column, text string }{{"messages", "messages", "messages.content"}, {"sharegpt", "conversations", "conversations.value"}, {"alpaca", "instruction", "instruction"}} {
		if slices.Contains(f.Columns, known.column) {
			f.Shape, f.Text = known.shape, known.text
			return nil
		}
	}
	return nil
}
