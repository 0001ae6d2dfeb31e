package format

import (
	"context"
	"fmt"

	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Stage is the stage format: it writes conversations.arrow, blocks.arrow and, with an exam, kb.arrow and questions.arrow.
var Stage = stage.Def[Settings]{Name: "format", Version: 4, Inputs: []stage.Input{{Name: "clean", Or: "ingest"}}, Defaults: defaults, Run: run}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	note, err := modeldir.Read(j.Root, j.Settings.Model, j.Hash)
	if err != nil {
		return err
	}
	j.Note("model", note)
	road := &road{job: j, used: map[string]bool{}}
	if err := road.tokens(j.Path(j.Settings.Model)); err != nil {
		return err
	}
	w, err := newWriters(j)
	if err != nil {
		return err
	}
	defer w.abort()
	rows := &rowSource{}
	if clean, ok := j.In["clean"]; ok {
		rows.path = clean.Path("rows.arrow")
	} else {
		rows.path = j.In["ingest"].Path("rows.parquet")
	}
	road.rows, road.out = rows, w
	if err := rows.check(j.Settings); err != nil {
		return err
	}
	if err := road.survey(ctx); err != nil {
		return err
	}
	for pass := range j.Settings.Shape.Value.Passes() {
		if err := road.train(ctx, pass); err != nil {
			return err
		}
	}
	if err := road.hold(ctx); err != nil {
		return err
	}
	if j.Settings.Exam != nil {
		if err := road.exam(); err != nil {
			return err
		}
	}
	if err := road.account(ctx); err != nil {
		return err
	}
	road.figures()
	if w.tokens.trained == 0 {
		return road.nothing(ctx)
	}
	return w.close()
}

// tokens finds out what the model says of tokens: how to make them, or which ones it has.
func (r *road) tokens(dir string) (err error) {
	if _, ready := r.job.Settings.Shape.Value.(tokenised); !ready {
		r.enc, err = newEncoder(dir, r.job.Settings)
		return err
	}
	c, err := model.ReadConfig(dir)
	if err == nil {
		r.vocab = c.Vocab
	}
	return err
}

// rowSource reads the cleaned rows, as often as asked.
type rowSource struct{ path string }

// check looks at the columns before the first row.
func (s *rowSource) check(settings Settings) error {
	r, err := table.Open(s.path)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := check(settings.Shape.Value, settings.Shape.Name, r.Schema().Fields); err != nil {
		return err
	}
	if len(settings.Splits) > 0 && r.Schema().Index("split") < 0 {
		return fmt.Errorf("splits %v: the rows have no column split: clean adds it by the operator split", settings.Splits)
	}
	return nil
}

func (s *rowSource) each(ctx context.Context, visit func(*Record) error) error {
	r, err := table.Open(s.path)
	if err != nil {
		return err
	}
	defer r.Close()
	fields := r.Schema().Fields
	at := map[string]int{}
	for i, f := range fields {
		at[f.Name] = i
	}
	for _, name := range []string{"id", "source", "file", "row"} {
		if _, ok := at[name]; !ok {
			return fmt.Errorf("read %s: no column %q", s.path, name)
		}
	}
	for row, err := range r.Rows() {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rec := &Record{fields: fields, at: at, values: row}
		rec.Origin = schemas.Origin{ID: rec.Text("id"), Source: rec.Text("source"), File: rec.Text("file")}
		rec.Row, _ = row[at["row"]].(int64)
		rec.Split = rec.Text("split")
		if err := visit(rec); err != nil {
			return err
		}
	}
	return nil
}
