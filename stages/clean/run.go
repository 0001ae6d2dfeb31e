package clean

import (
	"context"
	"fmt"
	"unicode/utf8"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Stage is the stage clean: it writes rows.arrow.
var Stage = stage.Def[Settings]{Name: "clean", Version: 1, Inputs: []stage.Input{{Name: "ingest"}}, Defaults: defaults, Run: run}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	in, err := table.Open(j.In["ingest"].Path("rows.parquet"))
	if err != nil {
		return err
	}
	defer in.Close()
	layout, err := layoutOf(in.Schema(), j.Settings)
	if err != nil {
		return err
	}
	path, err := j.File("rows.arrow")
	if err != nil {
		return err
	}
	out, err := table.Create(path, layout.Schema)
	if err != nil {
		return err
	}
	defer out.Abort()
	counts := &Counts{}
	env := Env{Context: ctx, Workers: j.Workers, Path: j.Path, Scratch: j.Work}
	rows, err := chain(env, j.Settings.Operators, read(ctx, in, layout, counts))
	if err != nil {
		return err
	}
	task := j.Progress.Task("rows", in.NumRows(), "rows")
	for d, err := range rows {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		task.Add(1)
		if err := settle(j, out, d); err != nil {
			return err
		}
	}
	task.Done()
	for name, figures := range counts.Sums() {
		j.Figure(name, figures)
	}
	return out.Close()
}

// layoutOf finds the columns that the settings name.
func layoutOf(in *table.Schema, s Settings) (*Layout, error) {
	var added []string
	for _, c := range s.Operators {
		if op, ok := c.Value.(interface{ AddColumns() []string }); ok {
			added = append(added, op.AddColumns()...)
		}
	}
	l, err := NewLayout(in, s.Columns, added...)
	if err != nil {
		return nil, err
	}
	return l, requireColumns(l, s.Operators)
}

func requireColumns(l *Layout, operators []config.Choice[Operator]) error {
	for i, c := range operators {
		if op, ok := c.Value.(interface{ NeedColumns() []string }); ok {
			for _, name := range op.NeedColumns() {
				if err := l.Require(name); name != "" && err != nil {
					return fmt.Errorf("operators[%d].%s: %w", i, c.Name, err)
				}
			}
		}
	}
	return nil
}

// read yields the rows of the table as documents; one that is no valid text comes as rejected.
func read(ctx context.Context, in *table.Reader, l *Layout, counts *Counts) Stream {
	return func(yield func(*Document, error) bool) {
		for row, err := range in.Rows() {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			var d *Document
			if err == nil {
				d, err = NewDocument(append(row, make(table.Row, l.added)...), l, counts)
			}
			if err == nil {
				d.checkUTF8()
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (d *Document) checkUTF8() {
	for _, t := range d.Texts {
		if !utf8.ValidString(t) {
			d.rejected = &schemas.Reject{Origin: d.Origin, Line: d.Row, Reason: "invalid_utf8", Detail: "the text is not UTF-8: name its encoding at ingest", Raw: fmt.Sprintf("%q", t)}
			return
		}
	}
}

// settle gives a row its one fate.
func settle(j *stage.Job[Settings], out *table.Writer, d *Document) error {
	if d.rejected != nil {
		return j.Reject(*d.rejected)
	}
	if operator, v := d.Dropped(); operator != "" {
		return j.Drop(schemas.Drop{Origin: d.Origin, Operator: operator, Reason: v.Reason, Numbers: stage.Numbers(v.Numbers), Text: d.Text()})
	}
	if err := out.Write(d.Values()); err != nil {
		return fmt.Errorf("row %s: %w", d.ID, err)
	}
	j.Keep(1)
	j.Out(1)
	return nil
}
