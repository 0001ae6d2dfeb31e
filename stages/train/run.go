package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/quant"
	"fettle/internal/stage"
)

// Stage is the stage train.
var Stage = stage.Def[Settings]{
	Name:     "train",
	Version:  2,
	Inputs:   []stage.Input{{Name: "format", Since: 2}}, // blocks say which side of a preference a segment is on
	Defaults: defaults,
	Backend:  stage.Backend[Settings]{Setting: func(s *Settings) *string { return &s.Backend }, Check: backend.Check, Resolve: backend.Resolve, Prepare: backend.Prepare},
	Digests: func(_ Settings, root string, in map[string]*artifact.Artifact) (map[string]string, error) {
		note, err := modeldir.FromNotes(in["format"].Manifest.Notes)
		if err != nil {
			return nil, err
		}
		_, err = modeldir.Open(root, note)
		return map[string]string{"model.config": note.Config, "model.tokenizer": note.Tokenizer, "model.template": note.Template, "model.weights": note.Weights}, err
	},
	Run: run,
}

func run(ctx context.Context, j *stage.Job[Settings]) error {
	note, err := modeldir.FromNotes(j.In["format"].Manifest.Notes)
	if err != nil {
		return err
	}
	dir, err := modeldir.Open(j.Root, note)
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
	d, err := readBlocks(j.In["format"].Path("blocks.arrow"))
	if err != nil {
		return err
	}
	if err := errors.Join(d.check(m.Config.Vocab), d.enough()); err != nil {
		return err
	}
	d, held, err := j.Settings.Eval.held(d, j.In["format"])
	if err == nil && held != nil {
		err = held.check(m.Config.Vocab)
	}
	for _, d := range []*data{d, held} {
		if d != nil && err == nil {
			err = d.judge(j.Settings.Objective)
		}
	}
	if err != nil {
		return err
	}
	for _, d := range []*data{d, held} {
		if d != nil {
			d.few = be.FewShapes()
		}
	}
	f := &fitting{job: j, note: note, dir: dir, backend: be, model: m, data: d, held: held, started: time.Now()}
	if err := f.warn(); err != nil {
		return err
	}
	if f.base, err = f.weights(ctx); err != nil {
		return err
	}
	for _, seed := range j.Settings.Seeds {
		if err := f.fit(ctx, seed); err != nil {
			return err
		}
	}
	return f.write()
}

func (d *data) enough() error {
	if d.trained() == 0 {
		return errors.New("no token of the blocks is trained: look at them with `fettle show FORMAT blocks`, and at format.loss")
	}
	return nil
}

// fitting is the stage's work: one training for each seed.
type fitting struct {
	job     *stage.Job[Settings]
	note    modeldir.Note
	dir     string
	backend backend.Backend
	model   *model.Model
	data    *data
	held    *data // evaluated while training; nil: none is
	base    model.Weights
	quant   quant.Set
	recipe  quant.Recipe // how the base is loaded again
	choice  *choice      // of what stays in 16 bits; nil: none was asked for
	started time.Time
	results []result
}

// weights reads or draws what the training starts from.
func (f *fitting) weights(ctx context.Context) (w model.Weights, err error) {
	s := f.job.Settings
	f.recipe = s.Quant
	switch {
	case s.Mode == "scratch":
		return f.model.Init(s.Seeds[0]), nil
	case f.note.Weights == "":
		return nil, fmt.Errorf("model %s has no weights: mode %s starts from some (mode scratch does not)", f.note.Path, s.Mode)
	}
	if s.Quant.Bits > 0 {
		if f.choice, err = f.choose(ctx); err != nil {
			return nil, err
		}
		f.recipe = s.Quant.Keeping(f.choice.Kept)
	}
	// A checkpoint in 4 bits is read as it is; a plain one is quantised as it is read where the settings say so.
	loader := f.recipe.Loader(&f.quant)
	if s.Mode == "lora" {
		loader.DType = s.computing(f.backend.Name)
	}
	w, err = f.model.LoadWith(loader, f.dir)
	if err == nil && f.quant.Len() > 0 {
		if s.Mode != "lora" {
			return nil, fmt.Errorf("model %s is in 4 bits: mode %s trains weights that are not (mode lora does)", f.note.Path, s.Mode)
		}
		f.job.Progress.Say("%d matrices of the base in 4 bits", f.quant.Len())
	}
	return w, err
}

// warn tells of tokens that the base never learnt; random weights have learnt none. It comes before the weights are loaded: what it
// reads is not held beside them.
func (f *fitting) warn() error {
	if f.job.Settings.Mode == "scratch" || f.note.Weights == "" {
		return nil
	}
	ids, err := silent(f.dir, f.data)
	if n := len(ids); n > 0 {
		f.job.Progress.Say("warning: %d tokens of the data have embeddings of almost nothing in the base (%v ...): it never learnt them. lora.modules_to_save: [embed_tokens] trains embeddings too", n, ids[:min(n, 5)])
	}
	return err
}

// fit trains one seed, from its last checkpoint where there is one.
func (f *fitting) fit(ctx context.Context, seed int64) error {
	s := f.job.Settings
	weights, base := f.base, f.base
	var a *lora.Adapter
	if s.Mode == "lora" {
		var err error
		if a, base, err = f.adapter(seed); err != nil {
			return err
		}
		weights = a.Weights
		f.job.Progress.Say("seed %d: %d modules adapted, %d of their weights train", seed, len(a.Modules), a.Size())
	}
	p, err := newProgram(f.model, a, s.Optimizer, f.backend.Backend)
	if err != nil {
		return err
	}
	defer p.close()
	p.obey(s, f.data.length, s.computing(f.backend.Name))
	p.on(&f.quant)
	t := &training{settings: s, seed: seed, data: f.data, held: f.held, program: p, dir: filepath.Join(f.job.Work, fmt.Sprintf("seed-%d", seed))}
	if s.MaxTime > 0 {
		t.deadline = f.started.Add(s.MaxTime)
	}
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	if t.state, err = newState(p, weights, len(f.data.ids)); err != nil {
		return err
	}
	for _, name := range p.frozen {
		t.frozen = append(t.frozen, base[name])
	}
	if err := f.judge(ctx, t); err != nil {
		return err
	}
	if err := f.resume(t); err != nil {
		return err
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	t.task.Done()
	// The finished state is a checkpoint too: a crash in a later seed, or before the commit, does not train this one again.
	if err := t.state.save(t.dir, p.trainable); err != nil {
		return err
	}
	t.state.settle()
	f.results = append(f.results, result{seed: seed, adapter: a, names: p.trainable, state: t.state, kept: p.optimizer.Bytes(), seconds: t.seconds, idle: t.idle()})
	return nil
}

// adapter is a new one, or the one that the settings start from, and the weights that it trains on.
func (f *fitting) adapter(seed int64) (*lora.Adapter, model.Weights, error) {
	s := f.job.Settings
	if s.From != "" {
		a, err := lora.Load(f.job.Path(s.From), f.model)
		if err == nil { // how it trains is ours to say, what it is the file's
			a.Config.Dropout, a.Config.PlusRatio, a.Config.PlusEmbed = s.LoRA.Dropout, s.LoRA.PlusRatio, s.LoRA.PlusEmbed
		}
		return a, f.base, err
	}
	a, err := lora.New(f.model, s.LoRA, seed)
	if err != nil {
		return nil, nil, err
	}
	if err := a.Attach(func(name string) ([]float32, error) { return f.quant.Floats(f.base, name) }); err != nil {
		return nil, nil, err
	}
	base, err := a.Residual(f.base)
	return a, base, err
}

func (f *fitting) resume(t *training) error {
	resumed, err := t.state.restore(t.dir, t.program.trainable)
	if err != nil {
		return err
	}
	_, total := f.job.Settings.steps(len(f.data.blocks))
	tokens := int64(0)
	for _, b := range f.data.blocks {
		tokens += int64(len(b.tokens))
	}
	perEpoch, _ := f.job.Settings.steps(len(f.data.blocks))
	t.task = f.job.Progress.Task(fmt.Sprintf("seed %d", t.seed), tokens*int64(total)/int64(perEpoch), "tokens")
	if resumed {
		f.job.Progress.Say("seed %d: goes on after step %d of %d", t.seed, t.state.step, total)
		t.task.Resume(tokens * int64(t.state.step) / int64(perEpoch))
	}
	return nil
}

// result is a finished training.
type result struct {
	seed    int64
	adapter *lora.Adapter // nil: all weights
	names   []string
	state   *state
	kept    int64     // bytes that the optimizer remembered
	seconds []float64 // of the steps that this process did: a fact
	idle    float64   // share of them in which the device waited: a fact
}

func (r result) weights() model.Weights {
	w := model.Weights{}
	for i, name := range r.names {
		w[name] = r.state.weights[i]
	}
	return w
}
