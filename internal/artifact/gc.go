package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Garbage is what GC would remove or has removed.
type Garbage struct {
	Refs  []Ref
	Work  []string // key16 of unfinished computations that nobody runs
	Bytes int64
}

// GC finds artifacts that keep does not name, nor any of the inputs they were made from, and unfinished work that no process
// holds; it removes them unless dry.
func (s *Store) GC(keep []Ref, dry bool) (Garbage, error) {
	var g Garbage
	needed := map[Ref]bool{}
	for _, ref := range keep {
		s.need(ref, needed)
	}
	refs, err := s.List()
	if err != nil {
		return g, err
	}
	for _, ref := range refs {
		if needed[ref] {
			continue
		}
		g.Refs = append(g.Refs, ref)
		g.Bytes += treeSize(s.dir(ref))
		if !dry {
			if err := s.Remove(ref); err != nil {
				return g, err
			}
		}
	}
	return g, s.gcWork(&g, dry)
}

func (s *Store) need(ref Ref, needed map[Ref]bool) {
	if needed[ref] {
		return
	}
	needed[ref] = true
	if a, err := s.Get(ref); err == nil {
		for _, in := range a.Manifest.Inputs {
			s.need(in.Ref, needed)
		}
	}
}

// gcWork removes the work folders and lock files of keys that no process holds.
func (s *Store) gcWork(g *Garbage, dry bool) error {
	entries, err := os.ReadDir(filepath.Join(s.Root, "work"))
	if err != nil {
		return fmt.Errorf("gc: %w", err)
	}
	keys := map[string]bool{} // key16 -> has a folder
	for _, e := range entries {
		key16 := strings.TrimSuffix(e.Name(), ".lock")
		keys[key16] = keys[key16] || e.IsDir()
	}
	for _, key16 := range slices.Sorted(maps.Keys(keys)) {
		if err := s.gcKey(g, key16, keys[key16], dry); err != nil {
			return fmt.Errorf("gc: %w", err)
		}
	}
	return nil
}

func (s *Store) gcKey(g *Garbage, key16 string, folder, dry bool) error {
	path := filepath.Join(s.Root, "work", key16+".lock")
	lock, err := tryLock(path)
	if err != nil {
		return nil // somebody computes it
	}
	defer lock.Unlock()
	if folder {
		g.Work = append(g.Work, key16)
		g.Bytes += treeSize(s.WorkDir(key16))
	}
	if dry {
		return nil
	}
	return errors.Join(os.RemoveAll(s.WorkDir(key16)), os.Remove(path))
}

func treeSize(root string) (size int64) {
	filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}
