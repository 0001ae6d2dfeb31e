package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
)

// File is a file as its hub lists it. One of the digests is set.
type File struct {
	Path   string
	Size   int64
	SHA256 string // of the content
	Git    string // sha1 of git's blob: "blob SIZE\x00" and the content
}

// digest tells contents apart: of two files listed with the same one, the bytes are the same.
func (f File) digest() string {
	if f.SHA256 != "" {
		return "sha256:" + f.SHA256
	}
	return "git:" + f.Git
}

// sums takes both digests in one pass: the hub's own for the check, sha256 for the record.
type sums struct {
	of     File
	sha256 hash.Hash
	git    hash.Hash
}

func newSums(f File) *sums {
	s := &sums{of: f, sha256: sha256.New(), git: sha1.New()}
	fmt.Fprintf(s.git, "blob %d\x00", f.Size)
	return s
}

func (s *sums) Write(b []byte) (int, error) {
	s.sha256.Write(b)
	if s.of.SHA256 == "" { // sha1 only where it is what the hub gives
		s.git.Write(b)
	}
	return len(b), nil
}

// check compares with the hub's digest and returns the content's sha256.
func (s *sums) check() (string, error) {
	sum := hex.EncodeToString(s.sha256.Sum(nil))
	if s.of.SHA256 != "" {
		if sum != s.of.SHA256 {
			return "", fmt.Errorf("its sha256 is %s, the hub lists %s", sum, s.of.SHA256)
		}
		return sum, nil
	}
	if got := hex.EncodeToString(s.git.Sum(nil)); got != s.of.Git {
		return "", fmt.Errorf("its git blob is %s, the hub lists %s", got, s.of.Git)
	}
	return sum, nil
}

// verify hashes a file on disk and returns its sha256.
func verify(name string, f File) (string, error) { return copyVerified(io.Discard, name, f) }

func copyVerified(to io.Writer, name string, f File) (string, error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	if info.Size() != f.Size {
		return "", fmt.Errorf("it has %d bytes, the hub lists %d", info.Size(), f.Size)
	}
	s := newSums(f)
	if _, err := io.Copy(io.MultiWriter(to, s), in); err != nil {
		return "", err
	}
	return s.check()
}
