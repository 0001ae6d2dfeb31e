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
	"time"

	"golang.org/x/sys/unix"
)

// Garbage is what GC would remove or has removed.
type Garbage struct {
	Refs  []Ref
	Work  []Unfinished
	Kept  int // unfinished computations that stay
	Bytes int64
}

// Unfinished is a computation that nobody runs, and that could go on from its checkpoint.
type Unfinished struct {
	Key16, Stage string
	Since        time.Time
}

// GCOptions say what GC does.
type GCOptions struct {
	Dry  bool // only find
	Work bool // unfinished work too, though the same command would go on with it
}

// GC finds artifacts that keep does not name, nor any of the inputs they were made from, and removes them. What a process
// computes at this moment stays, and what it has made until a run names it: keep is asked after a look at what there is, and at
// what is held.
func (s *Store) GC(keep func() ([]Ref, error), o GCOptions) (Garbage, error) {
	var g Garbage
	refs, err := s.List()
	if err != nil {
		return g, err
	}
	held := slices.DeleteFunc(slices.Clone(refs), func(ref Ref) bool { return !s.held(ref) })
	kept, err := keep()
	if err != nil {
		return g, err
	}
	needed := map[Ref]bool{}
	for _, ref := range slices.Concat(held, kept) {
		s.need(ref, needed)
	}
	for _, ref := range refs {
		if needed[ref] {
			continue
		}
		g.Refs = append(g.Refs, ref)
		g.Bytes += treeSize(s.dir(ref))
		if !o.Dry {
			if err := s.Remove(ref); err != nil {
				return g, err
			}
		}
	}
	return g, s.gcWork(&g, o)
}

// held says whether a process holds the key of an artifact.
func (s *Store) held(ref Ref) bool {
	path := filepath.Join(s.Root, "work", ref.Key16()+".lock")
	if _, err := os.Stat(path); err != nil {
		return false
	}
	lock, err := tryLock(path)
	if err == nil {
		lock.Unlock()
	}
	return errors.Is(err, unix.EWOULDBLOCK)
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
func (s *Store) gcWork(g *Garbage, o GCOptions) error {
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
		if err := s.gcKey(g, key16, keys[key16], o); err != nil {
			return fmt.Errorf("gc: %w", err)
		}
	}
	return nil
}

func (s *Store) gcKey(g *Garbage, key16 string, folder bool, o GCOptions) error {
	path := filepath.Join(s.Root, "work", key16+".lock")
	lock, err := tryLock(path)
	if err != nil {
		return nil // somebody computes it
	}
	defer lock.Unlock()
	if folder && !o.Work {
		g.Kept++
		return nil
	}
	if folder {
		u := Unfinished{Key16: key16, Stage: "a stage"}
		if info, err := os.Stat(s.WorkDir(key16)); err == nil {
			u.Since = info.ModTime()
		}
		if name, err := os.ReadFile(filepath.Join(s.WorkDir(key16), stageName)); err == nil {
			u.Stage = string(name)
		}
		g.Work = append(g.Work, u)
		g.Bytes += treeSize(s.WorkDir(key16))
	}
	if o.Dry {
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
