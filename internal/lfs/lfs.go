// Package lfs knows the pointers that Git LFS leaves in place of large files: a clone without git-lfs holds three lines of text
// where weights should be. ReadFile is os.ReadFile for those who would take such text for a file of their own.
package lfs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Longest is how many bytes a pointer has at most (git-lfs, docs/spec.md).
const Longest = 1024

// Both names that the first line has had (git-lfs, docs/spec.md and lfs/pointer.go).
var starts = [][]byte{[]byte("version https://git-lfs.github.com/spec/"), []byte("version https://hawser.github.com/spec/")}

// Check returns an error if data, a file or its beginning, is a pointer.
func Check(data []byte) error {
	for _, start := range starts {
		if bytes.HasPrefix(data, start) {
			return fmt.Errorf("it is a Git LFS pointer, not the file%s: `git lfs pull` in its repository brings the file, and so does `fettle pull`", size(data))
		}
	}
	return nil
}

// size is what the pointer says of the file.
func size(data []byte) string {
	_, rest, _ := bytes.Cut(data[:min(len(data), Longest)], []byte("\nsize "))
	digits, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 10, 63)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" of %d bytes", n)
}

// CheckStart looks at the beginning of an open file.
func CheckStart(r io.ReaderAt) error {
	head := make([]byte, Longest)
	n, _ := r.ReadAt(head, 0)
	return Check(head[:n])
}

// CheckFile looks at the beginning of a file; of one that cannot be read others tell more.
func CheckFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	return CheckStart(f)
}

// ReadFile reads a file that must be no pointer.
func ReadFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if err := Check(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
