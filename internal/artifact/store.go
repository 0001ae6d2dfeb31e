package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"fettle/internal/disk"
)

// Store is a folder of artifacts on a local disk (rename and flock do not map to object storage).
type Store struct{ Root string }

// ErrNone means that the store has no such artifact.
var ErrNone = errors.New("no such artifact")

// Open makes the store's folders where they are missing. A store that can only be read is good for reading.
func Open(root string) (*Store, error) {
	for _, dir := range []string{"artifacts", "work", "cache", "runs"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	return &Store{Root: root}, nil
}

// Artifact is a finished directory of the store.
type Artifact struct {
	Ref      Ref
	Dir      string
	Manifest *Manifest
}

// Path is the path of one of its files.
func (a *Artifact) Path(name string) string { return filepath.Join(a.Dir, filepath.FromSlash(name)) }

// Has says whether the artifact lists that file.
func (a *Artifact) Has(name string) bool {
	for _, files := range [][]File{a.Manifest.Data, a.Manifest.Facts} {
		for _, f := range files {
			if f.Path == name {
				return true
			}
		}
	}
	return false
}

// Get finds an artifact by reference; errors.Is(err, ErrNone) when there is none.
func (s *Store) Get(ref Ref) (*Artifact, error) {
	dir := s.dir(ref)
	if _, err := os.Stat(filepath.Join(dir, manifestName)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w in %s", ref, ErrNone, s.Root)
	}
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &Artifact{Ref: ref, Dir: dir, Manifest: m}, nil
}

// List returns the references of all artifacts, sorted.
func (s *Store) List() ([]Ref, error) {
	var refs []Ref
	for _, name := range disk.Glob(s.Root, "artifacts/*/*/"+manifestName) {
		dir := filepath.Dir(name)
		if ref, err := ParseRef(filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)); err == nil {
			refs = append(refs, ref)
		}
	}
	sort.Slice(refs, func(i, j int) bool { return refs[i] < refs[j] })
	return refs, nil
}

func (s *Store) dir(ref Ref) string {
	return filepath.Join(s.Root, "artifacts", ref.Stage(), ref.Key16())
}

// WorkDir is where the computation of a key keeps what it needs to go on after a crash.
func (s *Store) WorkDir(key16 string) string { return filepath.Join(s.Root, "work", key16) }

// RunDir is the folder of one run.
func (s *Store) RunDir(id string) string { return filepath.Join(s.Root, "runs", id) }
