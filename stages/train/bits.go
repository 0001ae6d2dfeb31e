package train

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"fettle/internal/model"
	"fettle/internal/quant"
)

// choice is which matrices stay in 16 bits, and what that buys: quant.json of the artifact.
type choice struct {
	Bits    float64             `json:"bits"` // mean over the matrices
	Kept    []string            `json:"kept"`
	Losses  map[string]float64  `json:"losses"` // nats per trained token on the calibration blocks: plain, nf4, chosen
	Held    map[string]float64  `json:"held_losses,omitempty"`
	Modules []quant.Sensitivity `json:"modules"`
}

const calibrationBlocks = 8

// choose measures what NF4 does to each matrix on some training blocks and settles the recipe. It is done once: a training
// that goes on reads what was chosen.
func (f *fitting) choose(ctx context.Context) (*choice, error) {
	path := filepath.Join(f.job.Work, "quant.json")
	c := &choice{}
	if raw, err := os.ReadFile(path); err == nil && json.Unmarshal(raw, c) == nil {
		return c, nil
	}
	r := f.job.Settings.Quant
	plain, err := f.loaded(quant.Plain())
	if err != nil {
		return nil, err
	}
	if plain.set.Len() > 0 {
		return nil, errors.New("quant.bits: the base is stored in 4 bits already: there is nothing to choose")
	}
	nf4, err := f.loaded(r)
	if err != nil {
		return nil, err
	}
	n := r.Calibrate
	if n == 0 {
		n = calibrationBlocks
	}
	cal := &calibration{model: f.model, backend: f.backend.Backend, modules: r.Modules(f.model)}
	sample := f.data.sample(n)
	f.job.Progress.Say("bits %.2f: measures %d matrices on %d blocks", r.Bits, len(cal.modules), len(sample.blocks))
	if c.Modules, err = cal.measure(ctx, plain.weights, nf4.weights, nf4.set, sample); err != nil {
		return nil, err
	}
	c.Kept, c.Bits = r.Choose(c.Modules)
	chosen, err := f.loaded(r.Keeping(c.Kept))
	if err != nil {
		return nil, err
	}
	bases := map[string]loaded{"plain": plain, "nf4": nf4, "chosen": chosen}
	if c.Losses, err = cal.compare(ctx, bases, sample); err != nil {
		return nil, err
	}
	if f.held != nil {
		if c.Held, err = cal.compare(ctx, bases, f.held); err != nil {
			return nil, err
		}
	}
	f.job.Progress.Say("%d of %d matrices stay in 16 bits, %.2f bits a weight: loss %.4f plain, %.4f nf4, %.4f so", len(c.Kept), len(c.Modules), c.Bits, c.Losses["plain"], c.Losses["nf4"], c.Losses["chosen"])
	return c, c.save(path)
}

// loaded is a base as one way to quantise it makes it.
type loaded struct {
	weights model.Weights
	set     *quant.Set
}

func (f *fitting) loaded(r quant.Recipe) (loaded, error) {
	set := &quant.Set{}
	w, err := f.model.LoadWith(r.Loader(set, nil), f.dir)
	return loaded{w, set}, err
}

func (c *choice) save(path string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// writeChoice lays the choice down in the artifact and sums it up for the report.
func (f *fitting) writeChoice() error {
	if f.choice == nil {
		return nil
	}
	path, err := f.job.File("quant.json")
	if err != nil {
		return err
	}
	c := f.choice
	f.job.Figure("quant", map[string]any{"bits": c.Bits, "kept": c.Kept, "matrices": len(c.Modules), "losses": c.Losses, "held_losses": c.Held})
	return c.save(path)
}

// sample are n blocks, evenly spread.
func (d *data) sample(n int) *data {
	out := &data{ids: d.ids, length: d.length}
	n = min(n, len(d.blocks))
	for i := range n {
		out.blocks = append(out.blocks, d.blocks[i*len(d.blocks)/n])
	}
	return out
}
