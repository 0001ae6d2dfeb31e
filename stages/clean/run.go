package clean

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Settings is the section clean of a stages.yaml.
type Settings struct {
	stage.Gates
	Columns   []string                  `json:"columns" check:"minlen=1" jsonschema:"text columns that the operators read and change"`
	Operators []config.Choice[Operator] `json:"operators" jsonschema:"what is done to each row, in this order"`
}

// Stage is the stage clean: it writes rows.arrow.
var Stage = stage.Def[Settings]{
	Name:     "clean",
	Version:  1,
	Inputs:   []stage.Input{{Name: "ingest"}},
	Defaults: func() Settings { return Settings{Gates: stage.Open, Columns: []string{"text"}} },
	Run:      run,
}

// Check refuses an operator behind split: what it drops or changes would no longer be what was split.
func (s Settings) Check(fault func(field, want string)) {
	for i, c := range s.Operators {
		if c.Name == "split" && i < len(s.Operators)-1 {
			fault(fmt.Sprintf("operators[%d]", i), "split as the last operator: deduplication and filters come before it")
		}
	}
}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	r, err := table.Open(j.In["ingest"].Path("rows.parquet"))
	if err != nil {
		return err
	}
	defer r.Close()
	t, err := newTables(r.Schema(), j.Settings)
	if err != nil {
		return err
	}
	env := Env{Path: j.Path, Columns: t.names()}
	for i, c := range j.Settings.Operators {
		if o, ok := c.Value.(Opener); ok {
			if err := o.Open(env); err != nil {
				return fmt.Errorf("operators[%d] %s: %w", i, c.Name, err)
			}
		}
	}
	path, err := j.File("rows.arrow")
	if err != nil {
		return err
	}
	w, err := table.Create(path, t.out)
	if err != nil {
		return err
	}
	defer w.Abort()
	task := j.Progress.Task("rows", r.NumRows(), "rows")
	for d, err := range chain(t.documents(ctx, r), j.Settings.Operators, j.Workers) {
		if err != nil {
			return err
		}
		task.Add(1)
		if d.Dropped != nil {
			if err := j.Drop(d.record()); err != nil {
				return err
			}
			continue
		}
		if err := w.Write(t.row(d)); err != nil {
			return err
		}
		j.Keep(1)
		j.Out(1)
	}
	task.Done()
	return w.Close()
}

// chain runs the operators over the documents: neighbours that need one row at a time share a parallel section.
func chain(docs iter.Seq2[*Document, error], operators []config.Choice[Operator], workers int) iter.Seq2[*Document, error] {
	var section []config.Choice[Operator]
	flush := func() {
		if len(section) > 0 {
			ops := section
			docs = parallel(docs, workers, func(d *Document) { applyAll(d, ops) })
			section = nil
		}
	}
	for _, c := range operators {
		if _, ok := c.Value.(Row); ok {
			section = append(section, c)
			continue
		}
		flush()
		docs = c.Value.(Stream).Pass(docs)
	}
	flush()
	return docs
}

func applyAll(d *Document, operators []config.Choice[Operator]) {
	for _, c := range operators {
		if d.Dropped != nil {
			return
		}
		if v := c.Value.(Row).Apply(d); v.drop {
			d.drop(c.Name, v)
		}
	}
}

// tables knows where the columns are, in and out.
type tables struct {
	in    *table.Schema
	out   *table.Schema
	at    map[string]int
	texts []int
	added []string
}

func newTables(in *table.Schema, s Settings) (*tables, error) {
	t := &tables{in: in, at: map[string]int{}, out: &table.Schema{Fields: append([]table.Field(nil), in.Fields...)}}
	for i, f := range in.Fields {
		t.at[f.Name] = i
	}
	for _, name := range append([]string{"id", "source", "file", "row"}, s.Columns...) {
		if _, ok := t.at[name]; !ok {
			return nil, fmt.Errorf("the rows have no column %q: they have %v", name, t.names())
		}
	}
	for _, name := range s.Columns {
		if !in.Fields[t.at[name]].Type.Equal(table.String) {
			return nil, fmt.Errorf("column %q is %s: operators read text", name, in.Fields[t.at[name]].Type)
		}
		t.texts = append(t.texts, t.at[name])
	}
	for _, c := range s.Operators {
		if o, ok := c.Value.(Columner); ok {
			f := o.Column()
			if _, taken := t.at[f.Name]; taken {
				return nil, fmt.Errorf("operator %s adds the column %q, which the rows have already", c.Name, f.Name)
			}
			t.out.Fields = append(t.out.Fields, f)
			t.added = append(t.added, f.Name)
		}
	}
	return t, nil
}

func (t *tables) names() []string {
	var names []string
	for _, f := range t.in.Fields {
		names = append(names, f.Name)
	}
	return names
}

func (t *tables) documents(ctx context.Context, r *table.Reader) iter.Seq2[*Document, error] {
	return func(yield func(*Document, error) bool) {
		for row, err := range r.Rows() {
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			var d *Document
			if err == nil {
				d = t.document(row)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func (t *tables) document(row table.Row) *Document {
	d := &Document{row: row, Added: map[string]any{}}
	id, _ := row[t.at["id"]].(string)
	source, _ := row[t.at["source"]].(string)
	file, _ := row[t.at["file"]].(string)
	line, _ := row[t.at["row"]].(int64)
	d.Origin = schemas.Origin{ID: id, Source: source, File: file, Row: line}
	for _, i := range t.texts {
		text, _ := row[i].(string)
		d.Texts = append(d.Texts, text)
	}
	d.Value = func(column string) any {
		i, ok := t.at[column]
		if !ok {
			return nil
		}
		if n := slices.Index(t.texts, i); n >= 0 {
			return d.Texts[n] // as the operators before have left it
		}
		return row[i]
	}
	return d
}

func (t *tables) row(d *Document) table.Row {
	for n, i := range t.texts {
		if d.row[i] != nil || d.Texts[n] != "" {
			d.row[i] = d.Texts[n]
		}
	}
	row := d.row
	for _, name := range t.added {
		row = append(row, d.Added[name])
	}
	return row
}
