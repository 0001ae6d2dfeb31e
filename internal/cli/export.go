package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/export"
	"fettle/internal/quant"
)

func (a *App) export(ctx context.Context, args []string) int {
	fs := a.flags("export", `REF -to DIR [-format F]
       fettle export -model DIR [-adapter DIR] -format F -to DIR

Writes what the train stage made, or a model and an adapter of yours, for other programs: peft (the adapter), merged (safetensors
with the adapter merged in), gguf (llama.cpp, Ollama), gguf-lora (the adapter for llama.cpp), bnb (the base alone
in the 4 bits that its adapter was trained on). What was written is read back and
compared before it appears; a difference is exit 3. Without -format the files of REF are copied as they are.`)
	e := exporting{app: a}
	e.options.Recipe = quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}} // for -model
	fs.StringVar(&e.store, "store", "", "folder of the artifacts")
	fs.StringVar(&e.options.To, "to", "", "folder to write to; files of the same names are replaced")
	fs.StringVar(&e.options.Format, "format", "", strings.Join(export.Formats, ", "))
	fs.StringVar(&e.options.DType, "dtype", "", "f32, f16, bf16; for gguf also q8_0, q5_0, q4_1, q4_0 (default: that of the base)")
	fs.StringVar(&e.model, "model", "", "model directory, instead of REF")
	fs.StringVar(&e.adapter, "adapter", "", "folder of a PEFT adapter for -model")
	fs.StringVar(&e.options.TrainedOn, "trained-on", "", "base that the adapter was trained on, when it is not the one to merge into (its 4-bit form)")
	fs.StringVar(&e.name, "name", "", "name of the result (default: from the model)")
	fs.Int64Var(&e.seed, "seed", 0, "which seed's adapter, when REF holds several")
	fs.Int64Var(&e.options.Shard, "shard", 0, "greatest size of a safetensors file in bytes (default: 5 GB)")
	fs.Float64Var(&e.options.MaxKL, "max-kl", 0, "refuse (exit 3) a divergence beyond this, in nats a position (default: only shown)")
	backendName := backend.Flag(fs, "what computes the comparison", backend.Auto)
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if (len(rest) != 1) == (e.model == "") || e.options.To == "" || e.adapter != "" && e.model == "" {
		return a.misuse(fs, "want one reference or -model DIR [-adapter DIR], and -to DIR")
	}
	if e.model != "" && e.options.Format == "" {
		return a.misuse(fs, "-model wants -format: %s", strings.Join(export.Formats, ", "))
	}
	if names := forFormat(fs); len(names) > 0 && e.options.Format == "" {
		return a.misuse(fs, "%s: without -format the files are copied as they are", strings.Join(names, ", "))
	}
	e.backend = *backendName
	var err error
	if e.model == "" {
		err = e.fromRef(ctx, rest[0])
	} else {
		err = e.run(ctx)
	}
	if errors.As(err, new(usageError)) {
		a.fail("export", err)
		return 2
	}
	if export.IsRefused(err) {
		fmt.Fprintf(a.Stderr, "fettle export: %v\nNothing was exported.\n", err)
		return 3
	}
	if err != nil {
		return a.fail("export", err)
	}
	return 0
}

// forFormat are the given flags that say how a format is written.
func forFormat(fs *flag.FlagSet) (names []string) {
	fs.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"dtype", "shard", "max-kl", "trained-on", "name", "backend", "seed"}, f.Name) {
			names = append(names, "-"+f.Name)
		}
	})
	return names
}

// exporting is one call of the verb.
type exporting struct {
	app            *App
	store, backend string
	model, adapter string // folders
	base, name     string
	seed           int64
	options        export.Options
}

func (e *exporting) fromRef(ctx context.Context, name string) error {
	root, store, err := project(e.store)
	if err != nil {
		return err
	}
	ref, err := artifact.ParseRef(name)
	if err != nil {
		return err
	}
	art, err := store.Get(ref)
	if err != nil {
		return err
	}
	if e.options.Format != "" {
		if err := e.find(root, store, art); err != nil {
			return errors.Join(e.misused(), err)
		}
	}
	if err := art.Whole(); err != nil { // what is damaged must not go on as whole
		return err
	}
	if e.options.Format == "" {
		return e.copyFiles(ref, art)
	}
	e.options.Card, err = cardOf(store, ref, art)
	if err != nil {
		return err
	}
	return e.run(ctx)
}

// run opens the source, exports, and reports to people and to programs.
func (e *exporting) run(ctx context.Context) error {
	dir, err := filepath.Abs(e.model)
	if err != nil {
		return err
	}
	e.options.Card.Version = e.app.Version
	if err := export.Ready(e.resultName(dir), dir, e.adapter, e.options); err != nil {
		if e.misused() != nil {
			return usageError(err.Error())
		}
		return err
	}
	backend.Prepare(e.backend)
	s, err := export.Open(e.resultName(dir), dir, e.adapter) // not closed: where a signal ends it, it may still be read
	if err != nil {
		return err
	}
	if e.base != "" {
		s.Base = e.base
	}
	b, err := backend.Open(e.backend)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.app.Stderr, b.Why)
	r, err := export.Run(ctx, s, b, e.options)
	if err != nil {
		return err
	}
	for _, line := range r.Lines(e.options.To) {
		fmt.Fprintln(e.app.Stderr, line)
	}
	enc := json.NewEncoder(e.app.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// misused says what is wrong with the flags alone.
func (e *exporting) misused() error {
	if err := e.options.Check(); err != nil {
		return usageError(err.Error())
	}
	return nil
}

func (e *exporting) resultName(dir string) string {
	if e.name != "" {
		return e.name
	}
	name := e.base
	if name == "" {
		name = filepath.Base(dir)
	}
	if e.adapter != "" || e.base != "" {
		name += "-tuned"
	}
	return name
}

// copyFiles copies adapters or model out of the store, byte for byte.
func (e *exporting) copyFiles(ref artifact.Ref, art *artifact.Artifact) error {
	from := map[string]string{}
	for _, f := range art.Manifest.Data {
		name, ok := strings.CutPrefix(f.Path, "model/")
		if !ok {
			name, ok = strings.CutPrefix(f.Path, "adapters/")
		}
		if ok {
			from[name] = art.Path(f.Path)
		}
	}
	if len(from) == 0 {
		return notTrained(ref)
	}
	if err := export.Copy(e.options.To, from); err != nil {
		return err
	}
	fmt.Fprintf(e.app.Stderr, "%d files of %s in %s\n", len(from), ref, e.options.To)
	return nil
}

func notTrained(ref artifact.Ref) error {
	return fmt.Errorf("%s holds no model and no adapter: export what the train stage made", ref)
}
