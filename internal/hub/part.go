package hub

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	partSuffix = ".part"
	noteSuffix = ".json"
	copySuffix = ".copy" // of a file that is being copied from somewhere on this machine
)

// part is a file on its way: FILE.part holds the bytes so far, FILE.part.json says of what they are the beginning.
type part struct {
	file *os.File
	size int64
	note partNote
	sums *sums
}

type partNote struct {
	Digest string `json:"digest"` // of the whole file, as the hub lists it
	ETag   string `json:"etag"`   // of the answer that the bytes came from
}

// openPart goes on with what an earlier pull left, if it is the beginning of the same file.
func openPart(path string, f File) (*part, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	p := &part{file: file, sums: newSums(f)}
	raw, err := os.ReadFile(path + noteSuffix)
	if err != nil || json.Unmarshal(raw, &p.note) != nil || p.note.Digest != f.digest() {
		return p, p.reset()
	}
	if p.size, err = io.Copy(p.sums, file); err != nil {
		return p, err
	}
	if p.size > f.Size {
		return p, p.reset()
	}
	return p, nil
}

// reset forgets the bytes.
func (p *part) reset() error {
	p.size, p.note, p.sums = 0, partNote{}, newSums(p.sums.of)
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

// begin notes whose bytes come now, before the first of them.
func (p *part) begin(etag string) error {
	p.note = partNote{Digest: p.sums.of.digest(), ETag: etag}
	raw, err := json.Marshal(p.note)
	if err != nil {
		return err
	}
	return os.WriteFile(p.file.Name()+noteSuffix, append(raw, '\n'), 0o644)
}

func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.sums.Write(b[:n])
	p.size += int64(n)
	return n, err
}

// finish gives the checked file its name.
func (p *part) finish(to string) error {
	if err := errors.Join(p.file.Sync(), p.file.Close(), os.Rename(p.file.Name(), to)); err != nil {
		return err
	}
	if err := os.Remove(p.file.Name() + noteSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty file needs no note
		return err
	}
	return nil
}

// partSize is how many bytes of a file an earlier pull left.
func partSize(path string) int64 {
	info, err := os.Stat(path + partSuffix)
	if err != nil {
		return 0
	}
	return info.Size()
}
