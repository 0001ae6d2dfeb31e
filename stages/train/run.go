package train

import (
	"context"
	"errors"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/stage"
)

// Stage is the stage train.
var Stage = stage.Def[Settings]{
	Name:     "train",
	Version:  3,
	Inputs:   []stage.Input{{Name: "format", Since: 2}}, // blocks say which side of a preference a segment is on
	Defaults: defaults,
	Backend:  stage.Backend[Settings]{Setting: func(s *Settings) *string { return &s.Backend }, Check: backend.Check, Resolve: backend.Resolve, Prepare: backend.Prepare},
	Digests: func(_ Settings, root string, in map[string]*artifact.Artifact, hash modeldir.Hash) (map[string]string, error) {
		note, err := modeldir.FromNotes(in["format"].Manifest.Notes)
		if err != nil {
			return nil, err
		}
		_, err = modeldir.Open(root, note, hash)
		return note.Keyed(), err
	},
	After: func(s Settings) string { return s.After },
	Run:   run,
}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	note, err := modeldir.FromNotes(j.In["format"].Manifest.Notes)
	if err != nil {
		return err
	}
	dir, err := modeldir.Open(j.Root, note, j.Hash)
	if err != nil {
		return err
	}
	be, err := backend.OpenAs(j.Settings.Backend, j.Backend)
	if err != nil {
		return err
	}
	j.Progress.Say("%s", be.Why)
	m, err := model.Open(dir)
	if err != nil {
		return err
	}
	d, held, err := j.Settings.blocks(j.In["format"], m.Config.Vocab)
	if err != nil {
		return err
	}
	for _, d := range []*data{d, held} {
		if d != nil {
			d.few = be.FewShapes()
		}
	}
	f := &fitting{job: j, note: note, dir: dir, backend: be, model: m, data: d, held: held, started: time.Now()}
	defer f.close()
	if err := errors.Join(f.room(), f.warn()); err != nil {
		return err
	}
	if f.base, err = f.weights(ctx); err != nil {
		return err
	}
	backend.GiveBack()
	for _, seed := range j.Settings.Seeds {
		if err := f.fit(ctx, seed); err != nil {
			return err
		}
	}
	return f.write()
}

// blocks are those that are trained, and those that are evaluated beside; nil: none are.
func (s Settings) blocks(format *artifact.Artifact, vocab int) (train, held *data, err error) {
	all, err := readBlocks(format.Path("blocks.arrow"), vocab)
	if err != nil {
		return nil, nil, err
	}
	if err := all.enough(); err != nil {
		return nil, nil, err
	}
	if train, held, err = s.Eval.held(all, format, vocab); err != nil {
		return nil, nil, err
	}
	if err := train.judge(s.Objective); err != nil {
		return nil, nil, err
	}
	if held != nil {
		err = held.judge(s.Objective)
	}
	return train, held, err
}

func (d *data) enough() error {
	if d.trained() == 0 {
		return errors.New("no token of the blocks is trained: look at them with `fettle show FORMAT blocks`, and at format.loss")
	}
	return nil
}
