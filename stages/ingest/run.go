package ingest

import (
	"context"
	"errors"
	"fmt"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Settings is the section ingest of a stages.yaml.
type Settings struct {
	stage.Gates
	Sources []config.Choice[Source] `json:"sources" check:"required,minlen=1" jsonschema:"where rows come from, read in this order"`
}

// Stage is the stage ingest: it writes rows.parquet.
var Stage = stage.Def[Settings]{
	Name:     "ingest",
	Version:  1,
	Defaults: func() Settings { return Settings{Gates: stage.Open} },
	Run:      run,
}

// Check finds two sources of one name, whose rows would get equal ids.
func (s Settings) Check(fault func(field, want string)) {
	seen := map[string]bool{}
	for i, c := range s.Sources {
		if c.Value == nil {
			continue
		}
		if label := c.Value.Label(); seen[label] {
			fault(fmt.Sprintf("sources[%d]", i), fmt.Sprintf("a name of its own: %q is the name of a source above", label))
		} else {
			seen[label] = true
		}
	}
}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	layout, err := union(j.Settings.Sources, Env{Path: j.Path, Skip: func(string) {}})
	if err != nil {
		return err
	}
	licences := map[string]string{}
	for _, c := range j.Settings.Sources {
		licences[c.Value.Label()] = c.Value.Terms()
	}
	j.Note("licences", licences)
	path, err := j.File("rows.parquet")
	if err != nil {
		return err
	}
	w, err := table.Create(path, layout.schema)
	if err != nil {
		return err
	}
	defer w.Abort()
	task := j.Progress.Task("rows", 0, "rows")
	skipped := 0
	for i, c := range j.Settings.Sources {
		found, left := 0, map[string]bool{} // a source may look at its files more than once
		env := Env{Path: j.Path, Skip: func(file string) { left[file] = true }}
		for rec, err := range c.Value.Read(ctx, env) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			found++
			task.Add(1)
			if err != nil {
				if err := reject(j, c.Value.Label(), err); err != nil {
					return fmt.Errorf("source %s: %w", c.Value.Label(), err)
				}
				continue
			}
			if err := w.Write(layout.row(i, c.Value.Label(), rec)); err != nil {
				return err
			}
			j.Keep(1)
			j.Out(1)
		}
		if found == 0 {
			return empty(c.Value.Label(), len(left))
		}
		skipped += len(left)
	}
	task.Done()
	j.Figure("skipped_files", skipped)
	return w.Close()
}

// empty is the error of a source without a record.
func empty(source string, skipped int) error {
	if skipped == 0 {
		return fmt.Errorf("source %s has no record: what it reads is empty", source)
	}
	return fmt.Errorf("source %s has no record: %d files there are not of those that its settings want", source, skipped)
}

func reject(j *stage.Job[Settings], source string, err error) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	return j.Reject(schemas.Reject{Origin: schemas.NewOrigin(source, f.File, f.Row), Line: f.Line, Reason: f.Reason, Detail: f.Detail, Raw: f.Raw})
}
