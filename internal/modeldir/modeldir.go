// Package modeldir pins a Hugging Face model directory: its name and the digests of what decides the output. The format stage
// names the directory once; train and eval open it by its Note and refuse one that has changed.
package modeldir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// Note is what a manifest says about the model: never enough to find it, always enough to recognise it.
type Note struct {
	Name      string `json:"name"`
	Path      string `json:"path"`      // as in the settings, relative to the project root
	Config    string `json:"config"`    // sha256 of config.json
	Tokenizer string `json:"tokenizer"` // of tokenizer.json and tokenizer_config.json, "" when there is none (rows that are tokens already)
	Template  string `json:"template"`  // of chat_template.jinja, "" when it is in tokenizer_config.json
	Weights   string `json:"weights"`   // of the safetensors files, "" when there are none (training from scratch)
}

// Read hashes a model directory.
func Read(root, path string) (Note, error) {
	dir := path
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, path)
	}
	// Like a hub's owner/name: the last two folders.
	n := Note{Name: filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir), Path: path}
	var errs []error
	sum := func(optional bool, names ...string) string {
		digest, err := hash(dir, names)
		if err != nil && !(optional && errors.Is(err, fs.ErrNotExist)) {
			errs = append(errs, fmt.Errorf("model %s: %w", path, err))
		}
		return digest
	}
	n.Config = sum(false, "config.json")
	n.Tokenizer = sum(true, "tokenizer.json", "tokenizer_config.json")
	n.Template = sum(true, "chat_template.jinja")
	weights, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil {
		return n, err
	}
	if len(weights) > 0 {
		for i := range weights {
			weights[i] = filepath.Base(weights[i])
		}
		sort.Strings(weights)
		n.Weights = sum(false, weights...)
	}
	return n, errors.Join(errs...)
}

// Open finds the directory that a note describes and refuses it when anything in it has changed.
func Open(root string, note Note) (dir string, err error) {
	now, err := Read(root, note.Path)
	if err != nil {
		return "", err
	}
	for _, part := range []struct{ name, was, is string }{{"config.json", note.Config, now.Config}, {"the tokenizer", note.Tokenizer, now.Tokenizer},
		{"the chat template", note.Template, now.Template}, {"the weights", note.Weights, now.Weights}} {
		if part.was != part.is {
			return "", fmt.Errorf("model %s: %s changed since the format stage read it: run format again", note.Path, part.name)
		}
	}
	if dir = note.Path; !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	return dir, nil
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

func hash(dir string, names []string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) && name == "tokenizer_config.json" {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\x00", name)
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
