package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/optimizer"
	"fettle/internal/safetensors"
)

// scorer is a program with the weights it runs on.
type scorer struct {
	program *program
	weights []*tensors.Tensor
}

// judge finds the answers' log-probabilities under the reference, which lie with the data: they are computed once, before the
// first step, by the micro-batches in which the first epoch will meet them. So the first step compares equal numbers, to the
// bit, and no later one runs the reference. It comes after newState, before the state is restored.
func (f *fitting) judge(ctx context.Context, t *training) error {
	o := t.program.pref
	if o == nil || o.reference() == "" {
		return nil
	}
	path := filepath.Join(t.dir, "reference.safetensors")
	if err := t.readReference(path); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (remove the file: it is made again)", err)
	}
	s := t.scorer()
	if o.reference() == fromBase && t.program.adapter != nil {
		var err error
		if s, err = f.bare(t.program); err != nil {
			return err
		}
		defer s.program.close()
	}
	for _, p := range t.judged() {
		if err := t.refer(ctx, s, p.data, p.order); err != nil {
			return err
		}
	}
	return t.writeReference(path)
}

func (t *training) scorer() scorer {
	return scorer{t.program, slices.Concat(t.state.weights, t.frozen)}
}

// bare is the model without its adapter.
func (f *fitting) bare(p *program) (s scorer, err error) {
	if s.program, err = newProgram(f.model, nil, optimizer.Config{}, p.backend); err != nil {
		return s, err
	}
	s.program.frozen, s.program.trainable = s.program.trainable, nil
	s.program.pref, s.program.compute = p.pref, p.compute
	s.program.on(&f.quant)
	for _, name := range s.program.frozen {
		s.weights = append(s.weights, f.base[name])
	}
	return s, nil
}

// part is data with answers that have a reference.
type part struct {
	name  string
	data  *data
	order []int // its blocks as they are met first
}

// judged are the parts of the data, the mismatched answers apart.
func (t *training) judged() []part {
	perEpoch, total := t.settings.steps(len(t.data.blocks))
	order := t.data.order(t.seed, 0, t.settings.Shuffle)
	if total < perEpoch { // the rest is never met
		order = order[:total*t.settings.Batch.Rows*t.settings.Batch.Accumulate]
	}
	parts := []part{{"train", t.data, order}}
	if t.held != nil {
		parts = append(parts, part{"held", t.held, t.held.order(0, 0, false)})
	}
	for _, p := range parts {
		if p.data.kl != nil {
			parts = append(parts, part{p.name + ".kl", p.data.kl, p.order})
		}
	}
	return parts
}

// refer scores the answers of some blocks.
func (t *training) refer(ctx context.Context, s scorer, d *data, order []int) error {
	count, _ := d.count(d.order(0, 0, false), false)
	ref := make([]float32, count)
	err := t.scores(ctx, s, d, order, func(number int32, logp float32) { ref[number] = logp })
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	d.ref = ref
	return nil
}

// scores visits the log-probability of every answer of some blocks.
func (t *training) scores(ctx context.Context, s scorer, d *data, order []int, visit func(number int32, logp float32)) error {
	for rows := t.settings.Batch.Rows; len(order) > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(rows, len(order))
		m := d.answers(order[:n], rows, scale{})
		order = order[n:]
		got, err := s.forward(m)
		if err != nil {
			return err
		}
		for i, number := range m.judged.numbers {
			if number >= 0 {
				visit(number, got.logps[i])
			}
		}
	}
	return nil
}

// forward runs a micro-batch without training on it.
func (s scorer) forward(m *micro) (got told, err error) {
	out, err := outputs(s.program.forward, m, s.weights)
	if err != nil {
		return got, err
	}
	defer free(out)
	return read(out)
}

// divergence is KTO's estimate of how far the model has moved from the reference: the mean log ratio of the mismatched
// answers of a window, 0 at least.
func (t *training) divergence(ctx context.Context, kl *data, blocks []int) (float64, error) {
	sum, n := 0.0, 0
	err := t.scores(ctx, t.scorer(), kl, blocks, func(number int32, logp float32) {
		sum += float64(logp) - float64(kl.ref[number])
		n++
	})
	if ctx.Err() != nil {
		return 0, errStopped
	}
	if err != nil {
		return 0, fmt.Errorf("mismatched answers: %w", err)
	}
	return max(0, sum/float64(n)), nil
}

func (t *training) writeReference(path string) error {
	var list []safetensors.Tensor
	for _, p := range t.judged() {
		list = append(list, safetensors.FromFloat32(p.name, safetensors.F32, p.data.ref, len(p.data.ref)))
	}
	tmp := path + ".tmp"
	if err := safetensors.Write(tmp, list, nil); err != nil {
		return fmt.Errorf("save reference: %w", err)
	}
	if err := errors.Join(toDisk(tmp), os.Rename(tmp, path), toDisk(filepath.Dir(path))); err != nil {
		return fmt.Errorf("save reference: %w", err)
	}
	return nil
}

func (t *training) readReference(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range t.judged() {
		if p.data.ref, err = f.Float32(p.name); err != nil {
			return err
		}
	}
	return nil
}
