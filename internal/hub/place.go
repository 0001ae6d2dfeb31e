package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"fettle/internal/disk"
)

// place is where a directory is made: DIR.fettle-part, beside the DIR that it becomes.
type place struct {
	dir  string
	work string
	old  string   // what DIR was, between the two renames of a swap
	lock *os.File // the work folder itself
}

const workSuffix = ".fettle-part"

// openPlace takes the lock and sees that DIR may be replaced: it does not exist, is empty, or holds what a pull
// of the same source wrote and nothing else.
func openPlace(dir string, s Source) (*place, error) {
	dir, err := filepath.Abs(dir) // "." has no name to stand beside
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if to, linkErr := os.Readlink(dir); err != nil && linkErr == nil { // a disk that is not mounted, perhaps
		return nil, fmt.Errorf("%s is a link to %s, which is not there", dir, to)
	}
	if err == nil {
		dir = real
	}
	p := &place{dir: dir, work: dir + workSuffix, old: filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".fettle-replaced")}
	if mountPoint(dir) {
		return nil, fmt.Errorf("%s is a mount point, and a pull puts a whole folder in its place: -to names a folder in it", dir)
	}
	if err := p.take(); err != nil {
		return nil, err
	}
	if err := errors.Join(p.recover(), p.mayReplace(s), p.mayWork(s)); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// take locks the work folder. Its name may have moved on meanwhile: another pull made it DIR, or removed it.
func (p *place) take() error {
	for {
		if err := os.MkdirAll(p.work, 0o755); err != nil {
			return err
		}
		f, err := os.Open(p.work)
		if err != nil {
			return err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			return fmt.Errorf("another pull writes %s", p.dir)
		}
		held, err := f.Stat()
		named, namedErr := os.Stat(p.work)
		if err == nil && namedErr == nil && os.SameFile(held, named) {
			p.lock = f
			return nil
		}
		f.Close()
	}
}

// close leaves the work folder for the next try, unless it is empty.
func (p *place) close() {
	os.Remove(p.work)
	p.lock.Close()
}

// recover ends a swap that a crash cut between its two renames.
func (p *place) recover() error {
	if _, err := os.Lstat(p.old); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Lstat(p.dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(p.old, p.dir)
	}
	return os.RemoveAll(p.old)
}

func (p *place) mayReplace(s Source) error {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	r, err := ReadRecord(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists and no pull made it: -to DIR names another", p.dir)
	}
	if err != nil {
		return err
	}
	if r.Source != s.name() {
		return fmt.Errorf("%s holds %s: -to DIR names another", p.dir, r.Source)
	}
	return filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(p.dir, path)
		name := filepath.ToSlash(rel)
		if err != nil || name == RecordName || slices.ContainsFunc(r.Files, func(f RecordFile) bool { return f.Path == name }) {
			return err
		}
		return fmt.Errorf("%s holds %s, which no pull brought: -to DIR names another", p.dir, name)
	})
}

// mayWork: the work folder holds no directory that a pull of another source made, with that unlikely name.
func (p *place) mayWork(s Source) error {
	r, err := ReadRecord(p.work)
	if err != nil || r.Source == s.name() {
		return nil
	}
	return fmt.Errorf("%s holds %s: -to DIR names another", p.work, r.Source)
}

// mountPoint: renaming cannot replace it, and what lies beside it is another disk.
func mountPoint(dir string) bool {
	var here, above unix.Stat_t
	if unix.Stat(dir, &here) != nil || unix.Stat(filepath.Dir(dir), &above) != nil {
		return false
	}
	return here.Dev != above.Dev
}

// commit makes the work folder DIR: what is no part of the record goes first, then everything is flushed, then renamed.
func (p *place) commit(r *Record) error {
	if err := p.sweep(r); err != nil {
		return err
	}
	if err := r.write(p.work); err != nil {
		return err
	}
	if err := syncAll(p.work); err != nil {
		return err
	}
	if err := os.Remove(p.dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it removes an empty folder only
		if err := os.Rename(p.dir, p.old); err != nil {
			return err
		}
	}
	if err := os.Rename(p.work, p.dir); err != nil {
		return err
	}
	return errors.Join(syncPath(filepath.Dir(p.dir)), os.RemoveAll(p.old))
}

// sweep removes leftovers of earlier tries: other revisions, files no longer asked for.
func (p *place) sweep(r *Record) error {
	return filepath.WalkDir(p.work, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(p.work, path)
		if err != nil || slices.ContainsFunc(r.Files, func(f RecordFile) bool { return f.Path == filepath.ToSlash(rel) }) {
			return err
		}
		return os.Remove(path)
	})
}

func syncAll(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, syncPath(path))
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// room says whether n more bytes fit on the disk.
func (p *place) room(n int64) error {
	if free, err := disk.Free(p.work); err == nil && n > free { // unknown: let the writes tell
		return fmt.Errorf("%s has room for %d bytes, %d are needed", filepath.Dir(p.dir), free, n)
	}
	return nil
}
