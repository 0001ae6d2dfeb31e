package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"fettle/internal/lfs"
)

// File is an open GGUF file.
type File struct {
	Path    string
	Meta    []KV // in the file's order
	Tensors []Info
	file    *os.File
	base    int64 // where tensor data begins
	offset  map[string]int64
	index   map[string]Info
}

// Open reads metadata and the list of tensors, and checks that their data lie within the file and apart from each other.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open gguf: %w", err)
	}
	f := &File{Path: path, file: file, offset: map[string]int64{}, index: map[string]Info{}}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, errors.Join(err, file.Close()))
	}
	return f, nil
}

func (f *File) read() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	p := &parser{r: bufio.NewReaderSize(f.file, 1<<20), left: info.Size()}
	if head := p.bytes(4); p.err == nil && string(head) != magic {
		if err := lfs.CheckStart(f.file); err != nil {
			return err
		}
		return fmt.Errorf("it begins with %q, not %s", head, magic)
	}
	if v := p.u32(); p.err == nil && v != 2 && v != version {
		return fmt.Errorf("version %d: versions 2 and 3 can be read", v)
	}
	tensors, meta := p.count(), p.count()
	for range meta {
		kv := KV{Key: p.text()}
		kv.Value = p.value(p.u32())
		f.Meta = append(f.Meta, kv)
		if p.err != nil {
			return fmt.Errorf("metadata %q: %w", kv.Key, p.err)
		}
	}
	for range tensors {
		t, at := p.tensor()
		if p.err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, p.err)
		}
		if _, dup := f.index[t.Name]; dup {
			return fmt.Errorf("tensor %q is in the file twice", t.Name)
		}
		f.Tensors = append(f.Tensors, t)
		f.index[t.Name], f.offset[t.Name] = t, at
	}
	if p.err != nil {
		return p.err
	}
	align := int64(alignment)
	if a, ok := Get[uint32](f, "general.alignment"); ok {
		if align = int64(a); align < 1 {
			return fmt.Errorf("general.alignment is 0")
		}
	}
	f.base = (p.at + align - 1) / align * align
	return f.checkLayout(info.Size(), align)
}

// checkLayout refuses data outside of the file, overlaps and places that are not aligned.
func (f *File) checkLayout(size, align int64) error {
	order := slices.Clone(f.Tensors)
	slices.SortStableFunc(order, func(a, b Info) int { return int(min(1, max(-1, f.offset[a.Name]-f.offset[b.Name]))) })
	var end int64
	for _, t := range order {
		at := f.offset[t.Name]
		if at < end || at%align != 0 {
			return fmt.Errorf("tensor %q: its data at %d overlap or are not aligned", t.Name, at)
		}
		if end = at + int64(t.Type.Size(t.Len())); f.base+end > size {
			return fmt.Errorf("tensor %q: its data end behind the file", t.Name)
		}
	}
	return nil
}

// Get reads a metadata value of a certain type; false when it is absent or of another type.
func Get[T any](f *File, key string) (T, bool) {
	for _, kv := range f.Meta {
		if kv.Key == key {
			v, ok := kv.Value.(T)
			return v, ok
		}
	}
	var zero T
	return zero, false
}

// Info describes a tensor; false when there is none of that name.
func (f *File) Info(name string) (Info, bool) {
	t, ok := f.index[name]
	return t, ok
}

// Bytes reads the raw data of one tensor.
func (f *File) Bytes(name string) ([]byte, error) {
	t, ok := f.index[name]
	if !ok {
		return nil, fmt.Errorf("read %s: no tensor %q", f.Path, name)
	}
	return f.part(name, 0, t.Type.Size(t.Len()))
}

// part reads some bytes of a tensor that is there.
func (f *File) part(name string, from, size int) ([]byte, error) {
	data := make([]byte, size)
	if _, err := f.file.ReadAt(data, f.base+f.offset[name]+int64(from)); err != nil {
		return nil, fmt.Errorf("read %s tensor %q: %w", f.Path, name, err)
	}
	return data, nil
}

// Float32 reads one tensor, dequantised.
func (f *File) Float32(name string) ([]float32, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	return Decode(f.index[name].Type, data)
}

// Close releases the file.
func (f *File) Close() error { return f.file.Close() }

// parser reads little-endian parts and remembers its first error; nothing larger than what is left is allocated.
type parser struct {
	r    io.Reader
	at   int64
	left int64
	err  error
}

func (p *parser) bytes(n uint64) []byte {
	if p.err == nil && n > uint64(p.left) {
		p.err = fmt.Errorf("wants %d bytes where %d are left", n, p.left)
	}
	if p.err != nil {
		return nil
	}
	b := make([]byte, n)
	_, p.err = io.ReadFull(p.r, b)
	p.at, p.left = p.at+int64(n), p.left-int64(n)
	return b
}

func (p *parser) u32() uint32 {
	if b := p.bytes(4); p.err == nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (p *parser) u64() uint64 {
	if b := p.bytes(8); p.err == nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads how many of something follow: each takes at least a byte.
func (p *parser) count() int {
	n := p.u64()
	if p.err == nil && n > uint64(p.left) {
		p.err = fmt.Errorf("announces %d entries where %d bytes are left", n, p.left)
	}
	if p.err != nil {
		return 0
	}
	return int(n)
}

func (p *parser) text() string { return string(p.bytes(p.u64())) }

func (p *parser) tensor() (Info, int64) {
	t := Info{Name: p.text()}
	dims := p.u32()
	if p.err == nil && (dims < 1 || dims > 4) {
		p.err = fmt.Errorf("%d dimensions: want 1 to 4", dims)
	}
	size := uint64(1)
	for i := uint32(0); i < dims && p.err == nil; i++ {
		d := p.u64()
		if d > 0 && size > math.MaxInt32*1024/d {
			p.err = errors.New("impossible size")
		}
		size *= d
		t.Shape = append(t.Shape, int(d))
	}
	slices.Reverse(t.Shape)
	t.Type = Type(p.u32())
	at := p.u64()
	switch {
	case p.err != nil:
	case traits[t.Type].block == 0:
		p.err = fmt.Errorf("%s is not supported", t.Type)
	case !t.Type.Fits(t.Shape[len(t.Shape)-1]) || at > math.MaxInt64/2:
		p.err = fmt.Errorf("shape %v as %s at %d is impossible", t.Shape, t.Type, at)
	}
	return t, int64(at)
}
