package eval

import (
	"context"
	"fmt"

	"fettle/internal/backend"
	"fettle/internal/generate"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/quant"
	"fettle/internal/stage"
)

// openModels loads the base, what was trained from it, the tokenizer and the chat template.
func openModels(j *stage.Job[Settings]) (*models, error) {
	note, err := modeldir.FromNotes(j.In["format"].Manifest.Notes)
	if err != nil {
		return nil, err
	}
	if note.Weights == "" {
		return nil, fmt.Errorf("model %s has no weights: there is no base to compare with", note.Path)
	}
	dir, err := modeldir.Open(j.Root, note, j.Hash)
	if err != nil {
		return nil, err
	}
	t, err := trained(j)
	if err != nil {
		return nil, err
	}
	m := &models{note: note, seeds: t.Seeds, tuned: map[int64]answerer{}}
	now, err := dateOf(j.In["format"])
	if err != nil {
		return nil, err
	}
	if m.speaker, err = openSpeaker(dir, now); err != nil {
		return nil, err
	}
	if m.losses, err = losses(j.In["train"]); err != nil {
		return nil, err
	}
	if m.backend, err = backend.OpenAs(j.Settings.Backend, j.Backend); err != nil {
		return nil, err
	}
	j.Progress.Say("%s", m.backend.Why)
	if err := m.load(j, dir, t); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// load makes a generator of the base and one of each seed.
func (m *models) load(j *stage.Job[Settings], dir string, t training) error {
	decoder, err := model.Open(dir)
	if err != nil {
		return err
	}
	m.room = decoder.Config.MaxPositions
	// Adapters are judged on the base that they were trained on: in 4 bits if it was.
	set := &quant.Set{}
	weights, err := decoder.LoadWith(t.Quant.Loader(set, m.backend.Backend), dir)
	if err != nil {
		return err
	}
	o := generate.Options{MaxNew: j.Settings.MaxNewTokens, Batch: j.Settings.Batch, Quant: set}
	if m.backend.FewShapes() { // they take a while
		o.Compiling = func(program string) { j.Progress.Say("compiles: %s", program) }
	}
	g, err := generate.New(decoder, weights, nil, m.backend, o)
	if err != nil {
		return err
	}
	m.base = m.engine(g)
	for _, seed := range t.Seeds {
		var a *lora.Adapter
		w, q := weights, set
		switch t.Mode {
		case "lora":
			a, err = lora.Load(j.In["train"].Path(fmt.Sprintf("adapters/seed-%d", seed)), decoder)
		default: // all weights were trained
			w, err = decoder.LoadWith(model.Loader{Backend: m.backend.Backend}, j.In["train"].Path("model"))
			q = nil
		}
		if err != nil {
			return err
		}
		if g, err = g.With(w, a, q); err != nil { // the seeds share programs: one compiles them
			return err
		}
		m.tuned[seed] = m.engine(g)
	}
	return nil
}

func (m *models) engine(g *generate.Generator) answerer {
	m.generators = append(m.generators, g)
	return engine{g}
}

// engine answers with a generator.
type engine struct{ *generate.Generator }

// Answer implements answerer.
func (e engine) Answer(ctx context.Context, prompts [][]int32) ([]answer, error) {
	outputs, err := e.Greedy(ctx, prompts)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	out := make([]answer, len(outputs))
	for i, o := range outputs {
		out[i] = answer{tokens: o.Tokens, stopped: o.Stopped, prefill: o.Prefill, decode: o.Decode}
	}
	return out, nil
}
