// Package disk does with files what several packages need done: write one whole or not at all, copy one, and ask what room there is.
package disk

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Write makes a file so that readers see all of it or none, whatever ends the program. A fault of the writer may be left unread.
func Write(path string, fill func(w io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(tmp, 1<<20) // keeps its first error for Flush
	if err = fill(w); err == nil {
		err = errors.Join(w.Flush(), tmp.Chmod(0o644), tmp.Sync())
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(tmp.Name()))
	}
	return err
}

// Copy copies a file's content, and makes the folders that it will lie in.
func Copy(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Glob lists what matches a pattern below a folder, sorted. The folder's own name is no pattern: it may hold brackets and stars.
func Glob(dir, pattern string) []string {
	if dir == "" {
		dir = "."
	}
	found, err := fs.Glob(os.DirFS(dir), pattern)
	if err != nil {
		panic(err) // patterns are fixed
	}
	for i, name := range found {
		found[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	return found
}

// Free is how many bytes the disk of a folder that is there has for us.
func Free(dir string) (int64, error) {
	var at unix.Statfs_t
	if err := unix.Statfs(dir, &at); err != nil {
		return 0, err
	}
	return int64(min(uint64(at.Bavail)*uint64(at.Bsize), math.MaxInt64)), nil
}
