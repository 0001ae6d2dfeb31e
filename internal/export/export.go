package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/backend"
	"fettle/internal/disk"
	"fettle/internal/gguf"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// The formats.
const (
	PEFT     = "peft"      // the adapter as PEFT loads it
	Merged   = "merged"    // a model directory with the adapter merged in
	GGUF     = "gguf"      // one file for llama.cpp, the adapter merged in
	GGUFLoRA = "gguf-lora" // the adapter as a file for llama.cpp
	BNB      = "bnb"       // the base alone in the 4 bits of bitsandbytes, as an adapter was trained on it
)

// Formats lists them.
var Formats = []string{PEFT, Merged, GGUF, GGUFLoRA, BNB}

// Options says what to write and where.
type Options struct {
	Format string
	DType  string // "" = that of the base (merged, gguf), f32 (adapters)
	To     string // folder; files of the same names are replaced
	Shard  int64  // greatest size of a safetensors file in bytes; 0 = 5 GB
	MaxKL  float64
	// TrainedOn is the folder of the base that the adapter was trained on, where that is another than the one it goes into (its
	// 4-bit form, say); "" = the same. The divergence is measured from there.
	TrainedOn string
	Recipe    quant.Recipe // of format bnb
	Card      Card
}

// Report says what was written and what the gate found.
type Report struct {
	Format string   `json:"format"`
	DType  string   `json:"dtype"`
	Base   string   `json:"base"`
	Merged bool     `json:"merged"` // an adapter was merged into the base
	Files  []string `json:"files"`
	Gate   *Gate    `json:"gate"`
	Notes  []string `json:"notes,omitempty"` // what the reader should know
}

// writer is one format: it writes into a folder and can read back what it wrote.
type writer interface {
	// write returns notes.
	write(dir string) ([]string, error)
	// check reads the folder back and compares; it fills the gate.
	check(dir string, g *gate) error
}

// Run writes the export into a folder beside its place, runs the parity gate, and moves the files in when it passes. Where ctx ends
// first nothing of it stays on the disk; what computes is then left to the end of the process.
func Run(ctx context.Context, s *Source, b backend.Backend, o Options) (*Report, error) {
	w, dtype, err := s.writer(o)
	if err != nil {
		return nil, err
	}
	tmp, err := stage(o.To)
	if err != nil {
		return nil, err
	}
	defer tmp.remove()
	r := &Report{Format: o.Format, DType: dtype, Base: s.into(), Merged: s.Adapter != nil && (o.Format == Merged || o.Format == GGUF)}
	made := make(chan error, 1)
	go func() { made <- r.make(s, w, b, o, tmp.dir) }()
	select {
	case err = <-made:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	r.Files, err = moveAll(tmp.dir, o.To)
	return r, err
}

// make writes everything into a folder and holds it to the gate.
func (r *Report) make(s *Source, w writer, b backend.Backend, o Options, tmp string) (err error) {
	if r.Notes, err = w.write(tmp); err != nil {
		return fmt.Errorf("export %s: %w", o.Format, err)
	}
	if r.Merged {
		r.Notes = append([]string{"the adapter was merged into " + s.into() + " in float32 and cast once"}, r.Notes...)
	}
	if r.Merged && s.Model.Config.Tied != s.Result.Config.Tied {
		r.Notes = append(r.Notes, "the adapter changed the embedding or the head, which the base ties: the result has both (tie_word_embeddings: false)")
	}
	g := &gate{source: s, trained: s, backend: b, limit: o.MaxKL}
	if o.TrainedOn != "" {
		if g.trained, err = Open(s.Name, o.TrainedOn, s.adapterDir); err != nil {
			return err
		}
		defer g.trained.Close()
		r.Notes = append(r.Notes, "the adapter was trained on "+g.trained.into()+": the divergence is measured from there")
	}
	if err := g.run(w, tmp); err != nil {
		return err
	}
	r.Gate, r.Notes = &g.Gate, append(r.Notes, g.notes...)
	if o.Format == Merged || o.Format == GGUF {
		if err := s.writeModelfile(tmp, o.Format, r); err != nil {
			return err
		}
	}
	if err := o.Card.write(tmp, s, r); err != nil {
		return err
	}
	return o.alone(tmp)
}

// alone refuses, behind the work, weights that have come to the folder meanwhile.
func (o Options) alone(tmp string) error {
	if o.Format != Merged && o.Format != BNB {
		return nil
	}
	written, err := os.ReadDir(tmp)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	var names []string
	for _, f := range written {
		names = append(names, f.Name())
	}
	return noOthers(names, o.To)
}

// noOthers refuses a folder with weights that the named files would not replace: programs would read a mixture.
func noOthers(names []string, to string) error {
	var old []string
	for _, pattern := range []string{"*.safetensors", "*.safetensors.index.json"} {
		old = append(old, disk.Glob(to, pattern)...)
	}
	for _, path := range old {
		if !slices.Contains(names, filepath.Base(path)) {
			return fmt.Errorf("export: the folder holds other weights already (%s): choose an empty one", filepath.Base(path))
		}
	}
	return nil
}

// Check finds what is wrong with options before anything is read.
func (o Options) Check() error {
	var errs []error
	if o.Shard < 0 {
		errs = append(errs, fmt.Errorf("shard %d: want bytes, or 0 for 5 GB", o.Shard))
	}
	if !(o.MaxKL >= 0) {
		errs = append(errs, fmt.Errorf("max-kl %v: want nats of 0 or more", o.MaxKL))
	}
	if !slices.Contains(Formats, o.Format) {
		return errors.Join(append(errs, fmt.Errorf("format %q: want one of %s", o.Format, strings.Join(Formats, ", ")))...)
	}
	known := map[string][]string{PEFT: {"f32"}, GGUFLoRA: {"f32", "f16"}, Merged: {"f32", "f16", "bf16"}, GGUF: nil}[o.Format]
	if o.Format == GGUF {
		for _, t := range gguf.Types {
			known = append(known, t.String())
		}
	}
	switch {
	case o.DType == "" || slices.Contains(known, o.DType):
	case len(known) == 0:
		errs = append(errs, fmt.Errorf("dtype %q: %s has its own", o.DType, o.Format))
	default:
		errs = append(errs, fmt.Errorf("dtype %q: %s is written as %s", o.DType, o.Format, strings.Join(known, ", ")))
	}
	return errors.Join(errs...)
}

// shard is the greatest size of a file of weights.
func (o Options) shard() int64 {
	if o.Shard == 0 {
		return 5e9 // as transformers
	}
	return o.Shard
}

// dtype is what most of the base is stored as.
func (s *Source) dtype() string { return strings.ToLower(string(s.DType)) }

func (s *Source) writer(o Options) (writer, string, error) {
	if err := o.Check(); err != nil {
		return nil, "", fmt.Errorf("export: %w", err)
	}
	if err := o.fits(s.Adapter != nil); err != nil {
		return nil, "", fmt.Errorf("export: %w", err)
	}
	base := s.dtype()
	switch o.Format {
	case PEFT:
		return &peftWriter{s}, "f32", nil
	case Merged:
		d, err := safetensors.ParseDType(or(o.DType, base))
		return &mergedWriter{s, d, o.shard()}, strings.ToLower(string(d)), err
	case BNB:
		return &bnbWriter{s, o.Recipe}, "nf4", nil
	case GGUF:
		t, err := gguf.ParseType(or(o.DType, base))
		return &ggufWriter{s: s, t: t}, t.String(), err
	}
	t, err := gguf.ParseType(or(o.DType, "f32"))
	return &ggufAdapterWriter{s: s, t: t}, t.String(), err
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// moveAll moves the files of one folder into another, folders within it too, and lists their names.
func moveAll(from, to string) (names []string, err error) {
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		names = append(names, filepath.ToSlash(name))
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.Rename(path, target)
	})
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return names, nil
}
