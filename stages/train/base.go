package train

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	loader := f.recipe.Loader(&f.quant, f.backend.Backend)
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
	from, err := f.start(seed)
	if err != nil {
		return nil, nil, err
	}
	if from != "" {
		a, err := lora.Load(from, f.model)
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

// start is the folder of the adapter that a seed starts from: of the settings, or of the training before; "" = a new one.
func (f *fitting) start(seed int64) (string, error) {
	before := f.job.In["train"]
	if before == nil {
		if f.job.Settings.From == "" {
			return "", nil
		}
		return f.job.Path(f.job.Settings.From), nil
	}
	if f.job.Settings.Mode != "lora" || f.job.Settings.From != "" {
		return "", fmt.Errorf("go on from %s: only mode lora starts from an adapter, and from one (train.from)", before.Ref)
	}
	if was := before.Manifest.Parts.Files["model.weights"]; was != f.note.Weights {
		return "", fmt.Errorf("go on from %s: it was trained on other weights than those of %s", before.Ref, f.note.Name)
	}
	var seeds []string
	for _, file := range before.Manifest.Data {
		if name, ok := strings.CutSuffix(file.Path, "/adapter_config.json"); ok {
			seeds = append(seeds, name)
		}
	}
	switch own := fmt.Sprintf("adapters/seed-%d", seed); {
	case slices.Contains(seeds, own):
		return before.Path(own), nil
	case len(seeds) == 1:
		return before.Path(seeds[0]), nil
	case len(seeds) == 0:
		return "", fmt.Errorf("go on from %s: it holds whole weights, no adapter: `fettle export` them and name their folder as format.model", before.Ref)
	}
	return "", fmt.Errorf("go on from %s: it has no adapter of seed %d, and several others", before.Ref, seed)
}
