package train

import (
	"context"
	"fmt"

	"fettle/internal/lora"
	"fettle/internal/model"
)

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
	loader.Backend = f.backend.Backend
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

// adapter is a new one, or the one that the settings start from, and the weights that it trains on.
func (f *fitting) adapter(seed int64) (*lora.Adapter, model.Weights, error) {
	s := f.job.Settings
	weights := func(name string) ([]float32, error) { return f.quant.Floats(f.base, name) }
	if s.From != "" {
		a, err := lora.Load(f.job.Path(s.From), f.model)
		if err == nil {
			err = a.SameBase(weights)
		}
		if err == nil { // how it trains is ours to say, what it is the file's
			a.Config.Dropout, a.Config.PlusRatio, a.Config.PlusEmbed = s.LoRA.Dropout, s.LoRA.PlusRatio, s.LoRA.PlusEmbed
		}
		return a, f.base, err
	}
	a, err := lora.New(f.model, s.LoRA, seed)
	if err != nil {
		return nil, nil, err
	}
	if err := a.Attach(weights); err != nil {
		return nil, nil, err
	}
	base, err := a.Residual(f.base)
	return a, base, err
}
