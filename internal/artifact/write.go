package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stageName is the file of a work folder that says whose it is.
const stageName = "stage"

// Writer builds one artifact in the work folder of its key. The caller holds the key's lock.
type Writer struct {
	store *Store
	parts Parts
	key   string
	facts map[string]bool
}

// Create starts the artifact of these parts. What a crashed attempt left under out/ is removed; checkpoints are kept.
func (s *Store) Create(parts Parts) (*Writer, error) {
	w := &Writer{store: s, parts: parts, key: parts.Key(), facts: map[string]bool{}}
	if err := os.RemoveAll(w.Dir()); err != nil {
		return nil, fmt.Errorf("create artifact: %w", err)
	}
	if err := os.MkdirAll(w.Dir(), 0o755); err != nil {
		return nil, fmt.Errorf("create artifact: %w", err)
	}
	if err := os.WriteFile(filepath.Join(w.Work(), stageName), []byte(parts.Stage), 0o644); err != nil {
		return nil, fmt.Errorf("create artifact: %w", err)
	}
	return w, nil
}

// Work is the folder for checkpoints; it survives a crash and is removed at commit.
func (w *Writer) Work() string { return w.store.WorkDir(w.key[:16]) }

// Dir is the folder that becomes the artifact.
func (w *Writer) Dir() string { return filepath.Join(w.Work(), "out") }

// Fact marks a file (by its path in Dir, with /) as a fact: no part of the artifact's digest.
func (w *Writer) Fact(name string) { w.facts[name] = true }

// Commit hashes and fsyncs every file, writes the manifest last and renames the folder into place.
func (w *Writer) Commit(inputs map[string]Input, report json.RawMessage, notes map[string]any) (*Artifact, error) {
	m := &Manifest{Format: 1, Key: w.key, Parts: w.parts, Inputs: inputs, Report: report, Notes: notes, Data: []File{}, Facts: []File{}}
	files, err := hashTree(w.Dir())
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", w.parts.Stage, err)
	}
	for _, f := range files {
		if w.facts[f.Path] {
			m.Facts = append(m.Facts, f)
			delete(w.facts, f.Path)
		} else {
			m.Data = append(m.Data, f)
		}
	}
	for name := range w.facts {
		return nil, fmt.Errorf("commit %s: fact %s was never written", w.parts.Stage, name)
	}
	m.Digest = digestFiles(m.Data)
	raw, err := m.encode()
	if err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(w.Dir(), manifestName), raw); err != nil {
		return nil, fmt.Errorf("commit %s: %w", w.parts.Stage, err)
	}
	ref := RefOf(w.parts.Stage, w.key)
	if err := w.publish(w.store.dir(ref)); err != nil {
		return nil, fmt.Errorf("commit %s: %w", ref, err)
	}
	return &Artifact{Ref: ref, Dir: w.store.dir(ref), Manifest: m}, nil
}

func (w *Writer) publish(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := syncDirs(w.Dir()); err != nil {
		return err
	}
	// A folder without a manifest cannot be there by rename; one is left only if somebody deleted its manifest by hand.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(w.Dir(), dir); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return os.RemoveAll(w.Work())
}

func hashTree(root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a plain file", path)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		file, err := hashSynced(path)
		file.Path = filepath.ToSlash(rel)
		files = append(files, file)
		return err
	})
	sortFiles(files)
	return files, err
}

func hashSynced(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	sum, size, err := hashReader(f)
	return File{Size: size, SHA256: sum}, errors.Join(err, f.Sync())
}

func writeSynced(path string, raw []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDirs(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
