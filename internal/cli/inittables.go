package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/table"
)

// tablesFound is what the tables of a folder are.
type tablesFound struct {
	Files   int
	Shape   string    // alpaca, messages, sharegpt, preference, kto; "" = not recognised
	Asked   [2]string // of alpaca: the columns of the question and of its answer
	Columns []string  // of all tables, in the order they are met
	Clean   []string  // the texts that make up a row: what clean reads, and what makes two rows equal
	Rename  []rename  // columns that clash with fettle's own
	known   bool      // at least one table is of a shape
}

type rename struct{ From, To string }

// ownColumns are those that ingest gives every row.
var ownColumns = []string{"id", "source", "file", "row"}

// lookAtTables reads the columns of every table. All must be of one shape and agree on the types;
// with an error it still says whether one has a shape.
func lookAtTables(folder string, files []string) (*tablesFound, error) {
	t := &tablesFound{Files: len(files)}
	var shapes []string
	byShape := map[string][]string{}
	types, first := map[string]table.Type{}, map[string]string{}
	var fault error
	for _, file := range files {
		fields, err := columnsOf(filepath.Join(folder, filepath.FromSlash(file)))
		if err != nil {
			fault = cmp.Or(fault, err)
			continue
		}
		if len(fields) == 0 {
			continue // without a record it fits every shape
		}
		if len(fields) == 1 && strings.EqualFold(filepath.Ext(file), ".csv") && strings.ContainsAny(fields[0].Name, ";\t") {
			fault = cmp.Or(fault, fmt.Errorf("%s has the one column %q: a .csv is parted by commas, a .tsv by tabs; save it so", file, fields[0].Name))
		}
		shape := shapeOf(fields)
		t.known = t.known || shape != ""
		if !slices.Contains(shapes, shape) {
			shapes = append(shapes, shape)
		}
		byShape[shape] = append(byShape[shape], file)
		for _, f := range fields {
			have, seen := types[f.Name]
			if seen && !have.Equal(f.Type) {
				fault = cmp.Or(fault, fmt.Errorf("column %q is %s in %s and %s in %s: one source cannot hold both", f.Name, have, first[f.Name], f.Type, file))
			}
			if !seen {
				types[f.Name], first[f.Name] = f.Type, file
				t.Columns = append(t.Columns, f.Name)
			}
		}
	}
	if len(shapes) > 1 {
		return t, mixed(folder, shapes, byShape)
	}
	if fault != nil {
		return t, fault
	}
	if len(shapes) == 0 {
		if len(files) == 1 && files[0] == "." {
			return t, fmt.Errorf("%s holds no record", folder)
		}
		return t, fmt.Errorf("the tables of %s hold no record: %s", folder, strings.Join(files, ", "))
	}
	t.Shape = shapes[0]
	t.nameColumns()
	t.rename()
	t.Clean = t.texts(types)
	if len(t.Clean) == 0 {
		return t, fmt.Errorf("no table of %s has a column of text: there are %s", folder, strings.Join(t.Columns, ", "))
	}
	return t, nil
}

func columnsOf(path string) ([]table.Field, error) {
	r, err := table.Open(path)
	if err != nil {
		return nil, err
	}
	return r.Schema().Fields, r.Close()
}

// shapeOf knows a shape by its columns.
func shapeOf(fields []table.Field) string {
	has := func(name string) bool {
		return slices.ContainsFunc(fields, func(f table.Field) bool { return f.Name == name })
	}
	if shape := judgedShape(fields); shape != "" {
		return shape
	}
	switch {
	case has("messages"):
		return "messages"
	case has("conversations"):
		return "sharegpt"
	}
	return askedShape(fields)
}

func mixed(folder string, shapes []string, byShape map[string][]string) error {
	var b strings.Builder
	for _, shape := range shapes {
		name := shape
		if name == "" {
			name = "no known shape"
		}
		fmt.Fprintf(&b, "\n  %s: %s", name, sampleOf(byShape[shape]))
	}
	return fmt.Errorf("%s holds tables of several shapes, and a pipeline reads one: give each shape a folder of its own%s", folder, &b)
}

// rename finds free names for the columns that clash with fettle's own.
func (t *tablesFound) rename() {
	for _, own := range ownColumns {
		if !slices.Contains(t.Columns, own) {
			continue
		}
		to := "orig_" + own
		for slices.Contains(t.Columns, to) {
			to = "orig_" + to
		}
		t.Rename = append(t.Rename, rename{own, to})
	}
}

// texts are the columns of a row that hold text, for the shape.
func (t *tablesFound) texts(types map[string]table.Type) (clean []string) {
	wanted := map[string][]string{
		"alpaca":     {"system", "history", t.Asked[0], t.query(), t.Asked[1]},
		"sharegpt":   {"system", "conversations"},
		"messages":   {"messages"},
		"preference": judgedTexts,
		"kto":        judgedTexts,
		"":           t.Columns,
	}
	inside := map[string]string{"messages": "content", "conversations": "value"}
	for _, name := range wanted[t.Shape] {
		typ, ok := types[name]
		switch {
		case !ok:
		case typ.Kind() == table.KindString, t.Shape == "alpaca" && listsOfText(typ):
			clean = append(clean, t.renamed(name))
		case inside[name] != "" && holdsText(typ, inside[name]):
			clean = append(clean, name+"."+inside[name])
		case t.Judged() && textsInside(typ) != "":
			clean = append(clean, name+"."+textsInside(typ))
		}
	}
	return clean
}

// listsOfText says whether a column is a list of texts, or of such lists.
func listsOfText(t table.Type) bool {
	elem, ok := t.Elem()
	return ok && (elem.Kind() == table.KindString || listsOfText(elem))
}

// holdsText says whether a list of objects has texts of that name.
func holdsText(t table.Type, name string) bool {
	elem, ok := t.Elem()
	return ok && elem.Kind() == table.KindStruct && slices.ContainsFunc(elem.Fields(), func(f table.Field) bool {
		return f.Name == name && f.Type.Kind() == table.KindString
	})
}

func (t *tablesFound) renamed(column string) string {
	for _, r := range t.Rename {
		if r.From == column {
			return r.To
		}
	}
	return column
}

func (t *tablesFound) notes() []string {
	line := fmt.Sprintf("found %d tables of the shape %s", t.Files, t.Shape)
	if t.Shape == "alpaca" && t.Asked != askedBy[0] {
		line += fmt.Sprintf(": %s asks, %s answers", t.Asked[0], t.Asked[1])
	}
	if t.Shape == "" {
		line = fmt.Sprintf("found %d tables with the columns %s: no known shape, set format.shape by hand", t.Files, strings.Join(t.Columns, ", "))
	}
	lines := []string{line}
	for _, r := range t.Rename {
		lines = append(lines, fmt.Sprintf("column %s is read as %s: every row of fettle has its own %s", r.From, r.To, r.From))
	}
	if slices.Contains(t.Columns, "split") {
		lines = append(lines, "the tables have a column split: name the splits to train on in format.splits (none = every row)")
	}
	return lines
}
