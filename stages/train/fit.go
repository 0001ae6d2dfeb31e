package train

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/modeldir"
	"fettle/internal/quant"
	"fettle/internal/stage"
)

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
	program *program // of all seeds: each has other weights and draws, which are inputs; nil before the first
	results []result
}

// fit trains one seed, from its last checkpoint where there is one.
func (f *fitting) fit(ctx context.Context, seed int64) error {
	t, err := f.begin(seed)
	if err != nil {
		return err
	}
	p := t.program
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
	f.results = append(f.results, result{seed: seed, adapter: p.adapter, names: p.trainable, state: t.state, kept: p.optimizer.Bytes(), seconds: t.seconds, idle: t.idle()})
	return nil
}

// begin lays out the training of a seed, before its first step.
func (f *fitting) begin(seed int64) (*training, error) {
	s := f.job.Settings
	weights, base := f.base, f.base
	var a *lora.Adapter
	if s.Mode == "lora" {
		var err error
		if a, base, err = f.adapter(seed); err != nil {
			return nil, err
		}
		weights = a.Weights
		f.job.Progress.Say("seed %d: %d modules adapted, %d of their weights train", seed, len(a.Modules), a.Size())
	}
	p, err := f.programOf(a)
	if err != nil {
		return nil, err
	}
	t := &training{settings: s, seed: seed, data: f.data, held: f.held, program: p, dir: filepath.Join(f.job.Work, fmt.Sprintf("seed-%d", seed))}
	if s.MaxTime > 0 {
		t.deadline = f.started.Add(s.MaxTime)
	}
	for _, name := range p.frozen {
		t.frozen = append(t.frozen, base[name])
	}
	if t.state, err = newState(p, weights, len(f.data.ids)); err != nil {
		return nil, err
	}
	return t, os.MkdirAll(t.dir, 0o755)
}

// programOf gives the program of an adapter (nil: of all weights): what is compiled for one seed serves all.
func (f *fitting) programOf(a *lora.Adapter) (*program, error) {
	if f.program != nil {
		f.program.adapter = a
		return f.program, nil
	}
	s := f.job.Settings
	p, err := newProgram(f.model, a, s.Optimizer, f.backend.Backend)
	if err != nil {
		return nil, err
	}
	p.obey(s, f.data.length, s.computing(f.backend.Name))
	p.on(&f.quant)
	f.program = p
	return p, nil
}

// close frees what was compiled.
func (f *fitting) close() {
	if f.program != nil {
		f.program.close()
	}
}

func (f *fitting) resume(t *training) error {
	resumed, err := t.state.restore(t.dir, t.program.trainable)
	if err != nil {
		return err
	}
	perEpoch, total := f.job.Settings.steps(len(f.data.blocks))
	tokens := f.tokens()
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
