package artifact

import (
	"errors"
	"fmt"
	"os"
)

// Verify hashes every file again (the stat cache is not asked) and returns one line for each thing that is wrong.
func (s *Store) Verify(ref Ref) ([]string, error) {
	damage, strays, err := s.Inspect(ref)
	return append(damage, strays...), err
}

// Inspect tells what is damaged from what others have laid beside it (a file manager's notes, say), which takes nothing from it.
func (s *Store) Inspect(ref Ref) (faults, strays []string, err error) {
	a, err := s.Get(ref)
	if err != nil {
		return nil, nil, err
	}
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s: ", ref)+fmt.Sprintf(format, args...))
	}
	if err := checkSelf(a.Dir); err != nil {
		fault("%v", err)
	}
	if key := a.Manifest.Parts.Key(); key != a.Manifest.Key || RefOf(a.Manifest.Parts.Stage, key) != ref {
		fault("the key of its parts is %s", key[:16])
	}
	if digest := digestFiles(a.Manifest.Data); digest != a.Manifest.Digest {
		fault("the digest of its data is %s, the manifest says %s", digest, a.Manifest.Digest)
	}
	files, err := hashTree(a.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("verify %s: %w", ref, err)
	}
	found := map[string]File{}
	for _, f := range files {
		found[f.Path] = f
	}
	delete(found, manifestName)
	for _, list := range [][]File{a.Manifest.Data, a.Manifest.Facts} {
		for _, want := range list {
			switch got, ok := found[want.Path]; {
			case !ok:
				fault("%s is missing", want.Path)
			case got.Size != want.Size:
				fault("%s has %d bytes, the manifest says %d", want.Path, got.Size, want.Size)
			case got.SHA256 != want.SHA256:
				fault("%s has sha256 %s, the manifest says %s", want.Path, got.SHA256, want.SHA256)
			}
			delete(found, want.Path)
		}
	}
	for _, f := range files {
		if _, extra := found[f.Path]; extra {
			strays = append(strays, fmt.Sprintf("%s: %s is not in the manifest", ref, f.Path))
		}
	}
	return faults, strays, nil
}

// Whole finds a data file that is not as it was made; files beside them, which people lay there, do not count.
func (a *Artifact) Whole() error {
	for _, want := range a.Manifest.Data {
		got, err := hashSynced(a.Path(want.Path))
		if err == nil && (got.Size != want.Size || got.SHA256 != want.SHA256) {
			err = errors.New("it is not what was made")
		}
		if err != nil {
			return fmt.Errorf("read %s of %s: %w (damaged: after `fettle verify -remove` the next run makes it again)", want.Path, a.Ref, err)
		}
	}
	return nil
}

// Remove deletes an artifact: first its manifest, so that a crash leaves no half artifact that looks whole.
func (s *Store) Remove(ref Ref) error {
	dir := s.dir(ref)
	if err := os.Remove(dir + "/" + manifestName); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	return nil
}
