package stage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"fettle/internal/artifact"
	"fettle/internal/config"
)

// Stage is a stage without its settings' type, as the command line handles it.
type Stage interface {
	Title() string
	Start(ctx context.Context, args []string, stdout, stderr io.Writer) int
	Preview(args []string, made map[string]artifact.Ref, stderr io.Writer) (Preview, error)
	Sample() any // pointer to the settings of an empty section
	Reads() []Input
	GoesOn(file *config.File, root, pipeline string, store *artifact.Store) error // what is wrong with the pipeline that its settings go on from
	Wants(*config.File) string                                                    // the compute backend that its settings name; "" = none, or settings with faults
}

// Title is the stage's name.
func (d Def[S]) Title() string { return d.Name }

// Sample is a pointer to the settings of an empty section.
func (d Def[S]) Sample() any { s := d.Defaults(); return &s }

// Reads lists the inputs.
func (d Def[S]) Reads() []Input { return d.Inputs }

// Wants reads which compute backend the settings name.
func (d Def[S]) Wants(file *config.File) string {
	settings := d.Defaults()
	if d.Backend.Setting == nil || file.Decode(d.Name, &settings) != nil {
		return ""
	}
	return *d.Backend.Setting(&settings)
}

// Preview is what a stage would do.
type Preview struct {
	Ref      artifact.Ref
	Cached   bool
	Parts    artifact.Parts
	Previous *artifact.Artifact // what the pipeline's last run made; nil = never ran, or Gone
	Gone     artifact.Ref       // what it made is no longer in the store
	Changes  []string           // key parts that differ from the previous
}

// Preview computes the key without doing the work. made gives the inputs known so far.
func (d Def[S]) Preview(args []string, made map[string]artifact.Ref, stderr io.Writer) (Preview, error) {
	inv, code := parse(d.Name, d.Backend.Check, args, stderr)
	if inv == nil {
		return Preview{}, usageError(fmt.Sprintf("exit %d", code))
	}
	for _, in := range d.Inputs {
		for _, name := range []string{in.Or, in.Name} {
			if ref, ok := made[name]; ok {
				delete(inv.in, in.Or)
				inv.in[name] = ref
			}
		}
	}
	p, err := d.plan(inv)
	if err != nil {
		return Preview{}, err
	}
	v := Preview{Ref: artifact.RefOf(d.Name, p.parts.Key()), Parts: p.parts}
	if _, err := p.store.Get(v.Ref); err == nil {
		v.Cached = true
	} else if !errors.Is(err, artifact.ErrNone) {
		return v, err
	}
	if ref, err := LastArtifact(p.store, p.pipeline, d.Name); err == nil {
		if v.Previous, err = p.store.Get(ref); err == nil {
			v.Changes = Changes(v.Previous.Manifest.Parts, p.parts)
		} else {
			v.Gone = ref
		}
	}
	return v, nil
}
