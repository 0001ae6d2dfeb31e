// Package modeldir pins a Hugging Face model directory: its name and the digests of what decides the output. The format stage
// names the directory once; train and eval open it by its Note and refuse one that has changed.
package modeldir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Note is what a manifest says about the model: never enough to find it, always enough to recognise it.
type Note struct {
	Name      string `json:"name"`
	Path      string `json:"path"`      // as in the settings, relative to the project root
	Config    string `json:"config"`    // of config.json and generation_config.json
	Tokenizer string `json:"tokenizer"` // of the tokenizer's files, "" when there are none (rows that are tokens already)
	Template  string `json:"template"`  // of the template's own files, "" when it is in tokenizer_config.json
	Weights   string `json:"weights"`   // of the safetensors files, "" when there are none (training from scratch)
}

// Hash gives the digest of a file's content: the store's, which remembers those of files that did not change.
type Hash func(path string) (string, error)

// Read hashes what is read of a model directory.
func Read(root, path string, hash Hash) (Note, error) {
	dir := at(root, path)
	n := Note{Name: name(root, dir), Path: path}
	if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
		return n, fmt.Errorf("model %s: %w", path, err)
	}
	f, err := list(dir)
	if err != nil {
		return n, fmt.Errorf("model %s: %w", path, err)
	}
	var errs []error
	for _, part := range []struct {
		digest *string
		files  []string
	}{{&n.Config, f.config}, {&n.Tokenizer, f.tokenizer}, {&n.Template, f.template}, {&n.Weights, f.weights}} {
		if *part.digest, err = sum(dir, part.files, hash); err != nil {
			errs = append(errs, fmt.Errorf("model %s: %w", path, err))
		}
	}
	return n, errors.Join(errs...)
}

// name is like a hub's owner/name: the last two folders, of the path from the project where the model lies in it. What the
// folder of the project is called is nobody's model's name, and would make data that depend on it.
func name(root, dir string) string {
	if inside, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(inside) {
		dir = inside
	}
	owner, base := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
	if owner == "." || owner == string(filepath.Separator) {
		return base
	}
	return owner + "/" + base
}

// Adapter is the digest of what is read of an adapter's directory, as PEFT or fettle saved it.
func Adapter(dir string, hash Hash) (string, error) {
	if _, err := os.Stat(dir); err != nil {
		return "", err
	}
	return sum(dir, present(dir, "adapter_config.json", "adapter_model.safetensors"), hash)
}

// at is a path of the settings.
func at(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// Digests are the parts as they enter the keys of the stages that read the model, behind the name of the setting.
func (n Note) Digests() map[string]string {
	return map[string]string{".config": n.Config, ".tokenizer": n.Tokenizer, ".template": n.Template, ".weights": n.Weights}
}

// Keyed are the digests of the model that the format stage named, as the stages behind it put them into their keys.
func (n Note) Keyed() map[string]string {
	out := map[string]string{}
	for part, digest := range n.Digests() {
		out["model"+part] = digest
	}
	return out
}

// Open finds the directory that a note describes and refuses it when anything in it has changed.
func Open(root string, note Note, hash Hash) (dir string, err error) {
	now, err := Read(root, note.Path, hash)
	if err != nil {
		return "", err
	}
	for _, part := range []struct{ name, was, is string }{{"the configuration", note.Config, now.Config}, {"the tokenizer", note.Tokenizer, now.Tokenizer},
		{"the chat template", note.Template, now.Template}, {"the weights", note.Weights, now.Weights}} {
		if part.was != part.is {
			return "", fmt.Errorf("model %s: %s changed since the format stage read it: run format again", note.Path, part.name)
		}
	}
	return at(root, note.Path), nil
}

// FromNotes reads the note "model" of a manifest.
func FromNotes(notes map[string]any) (Note, error) {
	var n Note
	raw, err := json.Marshal(notes["model"])
	if err == nil {
		err = json.Unmarshal(raw, &n)
	}
	if err != nil || n.Path == "" {
		return n, fmt.Errorf("the input artifact names no model: make it with the format stage")
	}
	return n, nil
}

// sum is the digest of files by name and content; "" of none.
func sum(dir string, names []string, hash Hash) (string, error) {
	if len(names) == 0 {
		return "", nil
	}
	h := sha256.New()
	for _, name := range names {
		digest, err := hash(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\x00%s\n", name, digest)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
