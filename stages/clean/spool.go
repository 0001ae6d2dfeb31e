package clean

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"

	"fettle/internal/table"
)

// errStopped ends a pass whose reader wants no more.
var errStopped = errors.New("the reader of rows has stopped")

// spool keeps living rows in a temporary table until all are known.
type spool struct {
	path   string
	w      *table.Writer
	layout *Layout
	counts *Counts
}

func newSpool(env Env) *spool {
	return &spool{path: filepath.Join(env.Scratch, "rows.arrow")}
}

func (s *spool) add(d *Document) (err error) {
	if s.w == nil {
		s.layout, s.counts = d.layout, d.counts
		if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
			return err
		}
		if s.w, err = table.Create(s.path, d.layout.draft()); err != nil {
			return err
		}
	}
	return s.w.Write(d.Values())
}

// all reads the rows back, in order.
func (s *spool) all() Stream {
	return func(yield func(*Document, error) bool) {
		if s.w == nil {
			return
		}
		if err := s.w.Close(); err != nil {
			yield(nil, err)
			return
		}
		r, err := table.Open(s.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.Close()
		for row, err := range r.Rows() {
			var d *Document
			if err == nil {
				d, err = NewDocument(row, s.layout, s.counts)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (s *spool) close() {
	if s.w != nil {
		s.w.Abort()
	}
}

// shingleFile keeps sets of hashes in a temporary file.
type shingleFile struct {
	path  string
	file  *os.File
	w     *bufio.Writer
	start []int64 // of each set, in hashes, and the end of the last
	sets  [2][]uint64
	raw   []byte
}

func newShingleFile(env Env) *shingleFile {
	return &shingleFile{path: filepath.Join(env.Scratch, "shingles.u64"), start: []int64{0}}
}

func (f *shingleFile) add(set []uint64) (err error) {
	if f.file == nil {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if f.file, err = os.Create(f.path); err != nil {
			return err
		}
		f.w = bufio.NewWriterSize(f.file, 1<<20)
	}
	f.raw = f.raw[:0]
	for _, h := range set {
		f.raw = binary.LittleEndian.AppendUint64(f.raw, h)
	}
	f.start = append(f.start, f.start[len(f.start)-1]+int64(len(set)))
	_, err = f.w.Write(f.raw)
	return err
}

// get reads set i; it is good until the next call for the same place, 0 or 1.
func (f *shingleFile) get(i int32, place int) ([]uint64, error) {
	if f.w.Buffered() > 0 {
		if err := f.w.Flush(); err != nil {
			return nil, err
		}
	}
	n := int(f.start[i+1] - f.start[i])
	if cap(f.raw) < 8*n {
		f.raw = make([]byte, 8*n)
	}
	f.raw = f.raw[:8*n]
	if _, err := f.file.ReadAt(f.raw, 8*f.start[i]); err != nil && err != io.EOF {
		return nil, err
	}
	set := f.sets[place][:0]
	for k := range n {
		set = append(set, binary.LittleEndian.Uint64(f.raw[8*k:]))
	}
	f.sets[place] = set
	return set, nil
}

func (f *shingleFile) close() {
	if f.file != nil {
		f.file.Close()
	}
}
