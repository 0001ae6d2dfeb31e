package export

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"fettle/internal/disk"
)

// staging is the hidden folder in which an export is made. It lies in the folder that the files will move to, so that no copy is needed.
type staging struct {
	dir  string
	lock *os.File // the folder itself: as long as its maker lives nobody else removes it
}

const stagingPattern = ".export-*"

// stage makes the folder, and removes those that killed exports have left.
func stage(to string) (*staging, error) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	sweep(to)
	dir, err := os.MkdirTemp(to, stagingPattern)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	lock, err := os.Open(dir)
	if err == nil {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		return nil, fmt.Errorf("export: %w", errors.Join(err, os.RemoveAll(dir)))
	}
	return &staging{dir, lock}, nil
}

func (s *staging) remove() {
	os.RemoveAll(s.dir)
	s.lock.Close()
}

// sweep removes what nobody holds. What cannot be removed is in nobody's way.
func sweep(to string) {
	for _, dir := range disk.Glob(to, stagingPattern) {
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}

// Copy brings files into a folder byte for byte: all of them, or none where one cannot be read or the disk is full. from says
// where each lies, by its name there.
func Copy(to string, from map[string]string) error {
	names := slices.Sorted(maps.Keys(from))
	var size int64
	for _, name := range names {
		info, err := os.Stat(from[name])
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		size += info.Size()
	}
	if err := (Options{To: to}).place("", names, size); err != nil {
		return err
	}
	s, err := stage(to)
	if err != nil {
		return err
	}
	defer s.remove()
	for _, name := range names {
		at := filepath.Join(s.dir, filepath.FromSlash(name))
		if err := disk.Copy(at, from[name]); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	_, err = moveAll(s.dir, to)
	return err
}
