package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/table"
)

func init() { register("files", &Files{}) }

// Files reads tables: one file, or every file of a folder whose ending names a table format. Their columns stay as they are;
// the schema is decided over all files before the first row, so a column that is empty in one of them is none in none.
type Files struct {
	Name    string            `json:"name" check:"required" jsonschema:"name of the source, carried by every row"`
	From    string            `json:"path" path:"file" check:"required" jsonschema:"a file, or a folder of files, of the formats .jsonl .csv .tsv .parquet .arrow (text also .gz .zst)"`
	Licence string            `json:"licence" jsonschema:"licence of the data, carried to the dataset card"`
	Rename  map[string]string `json:"rename" jsonschema:"new names of columns, where the file's own clash with fettle's (id, source, file, row)"`
}

// Label implements Source.
func (f *Files) Label() string { return f.Name }

// Terms implements Source.
func (f *Files) Terms() string { return f.Licence }

// paths lists the tables in lexical order, with their names inside the source.
func (f *Files) paths(env Env) (paths, names []string, err error) {
	root := env.Path(f.From)
	info, err := os.Stat(root)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return []string{root}, []string{filepath.Base(root)}, nil
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err == nil && isTable(path) {
			paths, names = append(paths, path), append(names, filepath.ToSlash(rel))
		} else if err == nil {
			env.Skip(rel)
		}
		return err
	})
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s holds no table: want files ending in %s", f.From, strings.Join(table.Extensions(), " "))
	}
	return paths, names, err
}

func isTable(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	for _, squeeze := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, squeeze)
	}
	return slices.Contains(table.Extensions(), filepath.Ext(name))
}

// Columns implements Source.
func (f *Files) Columns(env Env) ([]table.Field, error) {
	paths, names, err := f.paths(env)
	if err != nil {
		return nil, err
	}
	var all []table.Field
	from := map[string]string{} // column -> file that has it first
	for i, path := range paths {
		r, err := table.Open(path)
		if err != nil {
			return nil, err
		}
		for _, field := range r.Schema().Fields {
			field.Name, field.Nullable = f.renamed(field.Name), true
			at := slices.IndexFunc(all, func(have table.Field) bool { return have.Name == field.Name })
			if at >= 0 && !all[at].Type.Equal(field.Type) {
				r.Close()
				return nil, fmt.Errorf("column %q is %s in %s and %s in %s", field.Name, field.Type, names[i], all[at].Type, from[field.Name])
			}
			if at < 0 {
				all = append(all, field)
				from[field.Name] = names[i]
			}
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (f *Files) renamed(column string) string {
	if name, ok := f.Rename[column]; ok {
		return name
	}
	return column
}

// Read implements Source.
func (f *Files) Read(_ context.Context, env Env) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		columns, err := f.Columns(env)
		if err != nil {
			yield(Record{}, err)
			return
		}
		paths, names, err := f.paths(env)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for i, path := range paths {
			if !f.file(path, names[i], columns, yield) {
				return
			}
		}
	}
}

// file yields the rows of one file. Row is the line where the row starts, in Parquet and Arrow its number. Where lines hold
// several rows (a JSON array without line ends) it goes on counting from the row before, so that no two rows get one id.
func (f *Files) file(path, name string, columns []table.Field, yield func(Record, error) bool) bool {
	r, err := table.Open(path)
	if err != nil {
		return yield(Record{}, err)
	}
	defer r.Close()
	place := make([]int, len(r.Schema().Fields))
	for i, field := range r.Schema().Fields {
		place[i] = slices.IndexFunc(columns, func(c table.Field) bool { return c.Name == f.renamed(field.Name) })
	}
	number := int64(0)
	for at, err := range r.Lines() {
		number = max(number+1, at.Line)
		var bad *table.RowError
		if errors.As(err, &bad) {
			err = &Fault{File: name, Row: number, Line: bad.Line, Reason: "unreadable", Detail: bad.Reason, Raw: bad.Raw}
		}
		rec := Record{File: name, Row: number, Values: make([]any, len(columns))}
		for i, v := range at.Row {
			rec.Values[place[i]] = v
		}
		if !yield(rec, err) {
			return false
		}
	}
	return true
}
