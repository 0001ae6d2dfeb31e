package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

const manifestName = "manifest.json"

// Manifest says what an artifact is, what it was made from and what is in it.
type Manifest struct {
	Format int              `json:"format"` // of this file: 1
	Key    string           `json:"key"`
	Parts  Parts            `json:"parts"`
	Inputs map[string]Input `json:"inputs"`
	Digest string           `json:"digest"` // of the data files: the artifact's identity downstream
	Data   []File           `json:"data"`
	Facts  []File           `json:"facts"`
	Report json.RawMessage  `json:"report"` // what the stage printed, without path and cached
	Notes  map[string]any   `json:"notes"`  // what later stages must agree with: model name and digests, seeds
	Self   string           `json:"self"`   // sha256 of this file with an empty self
}

// Input is an artifact that was read.
type Input struct {
	Ref    Ref    `json:"ref"`
	Digest string `json:"digest"`
}

// File is one file of an artifact; Path uses / on every system.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// digestFiles is the identity of a list of files: their paths, sizes and contents.
func digestFiles(files []File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s\x00%d\x00%s\n", f.Path, f.Size, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (m *Manifest) encode() ([]byte, error) {
	m.Self = ""
	raw, err := m.marshal()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	m.Self = hex.EncodeToString(sum[:])
	return m.marshal()
}

func (m *Manifest) marshal() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return b.Bytes(), nil
}

func readManifest(dir string) (*Manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	m := new(Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("read manifest %s: %w (damaged: after `fettle verify -remove` the next run makes it again)", filepath.Join(dir, manifestName), err)
	}
	if m.Format != 1 {
		return nil, fmt.Errorf("manifest %s has format %d: this fettle reads format 1", filepath.Join(dir, manifestName), m.Format)
	}
	return m, nil
}

// checkSelf says whether the manifest is as it was written, byte for byte.
func checkSelf(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	const field = `"self": "`
	at := bytes.LastIndex(raw, []byte(field+m.Self+`"`))
	if at < 0 {
		return fmt.Errorf("%s was changed after it was written", manifestName)
	}
	at += len(field)
	sum := sha256.Sum256(append(raw[:at:at], raw[at+len(m.Self):]...))
	if hex.EncodeToString(sum[:]) != m.Self {
		return fmt.Errorf("%s was changed after it was written", manifestName)
	}
	return nil
}

func sortFiles(files []File) {
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
}
