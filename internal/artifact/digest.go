package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func hashReader(r io.Reader) (sum string, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// DigestPath is the digest of what a path setting points at: a file's sha256, or for a folder the digest of its files'
// paths, sizes and contents. Names above the path never enter. Large inputs are not rehashed while path, size, mtime and inode stay.
func (s *Store) DigestPath(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().IsRegular() {
		return s.digestFile(path, info)
	}
	var files []File
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) && d.Type()&fs.ModeSymlink != 0 {
			return nil // a link to nothing, as editors leave them: there is no content
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no plain file (a link to a folder, or a device): put files there", name)
		}
		rel, err := filepath.Rel(path, name)
		if err != nil {
			return err
		}
		sum, err := s.digestFile(name, info)
		files = append(files, File{Path: filepath.ToSlash(rel), Size: info.Size(), SHA256: sum})
		return err
	})
	sortFiles(files)
	return digestFiles(files), err
}

// stat is an entry of the stat cache: as long as all of it is unchanged the content is taken to be too.
type stat struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	MTime  int64  `json:"mtime"` // nanoseconds
	CTime  int64  `json:"ctime"`
	Inode  uint64 `json:"inode"`
	SHA256 string `json:"sha256"`
}

func (s *Store) digestFile(path string, info fs.FileInfo) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	now := stat{Path: abs, Size: info.Size(), MTime: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		now.Inode, now.CTime = sys.Ino, changeTime(sys)
	}
	name := sha256.Sum256([]byte(abs))
	cached := filepath.Join(s.Root, "cache", "stat", hex.EncodeToString(name[:12]))
	if raw, err := os.ReadFile(cached); err == nil {
		var old stat
		if json.Unmarshal(raw, &old) == nil {
			sum := old.SHA256
			if old.SHA256 = ""; old == now && sum != "" {
				return sum, nil
			}
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if now.SHA256, _, err = hashReader(f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	s.remember(cached, now)
	return now.SHA256, nil
}

// remember is best effort: a cache that cannot be written only costs time.
func (s *Store) remember(path string, entry stat) {
	raw, err := json.Marshal(entry)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(raw)
	if err2 := tmp.Close(); err != nil || err2 != nil || os.Rename(tmp.Name(), path) != nil {
		os.Remove(tmp.Name())
	}
}
