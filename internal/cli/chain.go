package cli

import (
	"fmt"
	"path/filepath"

	"fettle/internal/artifact"
	"fettle/internal/modeldir"
	"fettle/internal/tokenizer"
)

// chain is an artifact with everything it was made from, by stage; what was trained before it is not in it.
type chain map[string]*artifact.Artifact

func walk(store *artifact.Store, ref artifact.Ref) (chain, error) {
	a, err := store.Get(ref)
	if err != nil {
		return nil, err
	}
	c := chain{ref.Stage(): a}
	for _, in := range a.Manifest.Inputs {
		if in.Ref.Stage() == ref.Stage() { // a training that went before: its road is its own
			continue
		}
		up, err := walk(store, in.Ref)
		if err != nil {
			return nil, fmt.Errorf("%s was made from %s: %w", ref, in.Ref, err)
		}
		for name, b := range up {
			c[name] = b
		}
	}
	return c, nil
}

// tokenizer of the model that the format stage named.
func (c chain) tokenizer(root string, store *artifact.Store) (*tokenizer.Tokenizer, error) {
	f := c["format"]
	if f == nil {
		return nil, fmt.Errorf("no artifact of the format stage, which names the model")
	}
	note, err := modeldir.FromNotes(f.Manifest.Notes)
	if err != nil {
		return nil, err
	}
	now, err := modeldir.Read(root, note.Path, store.DigestPath)
	if err != nil {
		return nil, err
	}
	if now.Tokenizer != note.Tokenizer {
		return nil, fmt.Errorf("model %s: the tokenizer changed since the format stage read it", note.Path)
	}
	dir := note.Path
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	return tokenizer.Load(dir)
}
