package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/disk"
	"fettle/internal/lfs"
)

const (
	single = "model.safetensors"
	index  = "model.safetensors.index.json"
)

// File is an open checkpoint: one file, or all shards of an index.
type File struct {
	Path     string
	Metadata map[string]string // of the first shard
	shards   []*os.File
	tensors  map[string]location
	lent     []byte // what Borrow gives out
	floats   []float32
}

type location struct {
	entry
	shard *os.File
	base  int64 // where the shard's data begins
}

// Open reads the headers of a .safetensors file, of all shards of a .index.json, or of what a directory holds: its
// model.safetensors, else its index, else its only .safetensors file.
func Open(path string) (*File, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, tensors: map[string]location{}}
	if strings.HasSuffix(path, ".json") {
		err = f.addIndex(path)
	} else {
		err = f.addShard(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func resolve(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("open weights: %w", err)
	}
	if !info.IsDir() {
		return path, nil
	}
	for _, name := range []string{single, index} {
		p := filepath.Join(path, name)
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
	}
	found := disk.Glob(path, "*.safetensors")
	if len(found) != 1 {
		return "", fmt.Errorf("open weights %s: want %s, %s or one .safetensors file, found %d", path, single, index, len(found))
	}
	return found[0], nil
}

func (f *File) addShard(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open weights: %w", err)
	}
	f.shards = append(f.shards, file)
	entries, meta, base, err := readHeader(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if f.Metadata == nil {
		f.Metadata = meta
	}
	for _, e := range entries {
		if _, dup := f.tensors[e.Name]; dup {
			return fmt.Errorf("read %s: tensor %q is in another shard too", path, e.Name)
		}
		f.tensors[e.Name] = location{entry: e, shard: file, base: base}
	}
	return nil
}

func readHeader(file *os.File) ([]entry, map[string]string, int64, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, nil, 0, err
	}
	var length [8]byte
	if _, err := file.ReadAt(length[:], 0); err != nil {
		return nil, nil, 0, fmt.Errorf("header length: %w", noEOF(err))
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > info.Size()-8 {
		if err := lfs.CheckStart(file); err != nil {
			return nil, nil, 0, err
		}
		return nil, nil, 0, fmt.Errorf("header of %d bytes in a file of %d", n, info.Size())
	}
	header := make([]byte, n)
	if _, err := file.ReadAt(header, 8); err != nil {
		return nil, nil, 0, fmt.Errorf("header: %w", noEOF(err))
	}
	base := 8 + int64(n)
	entries, meta, err := parseHeader(header, info.Size()-base)
	return entries, meta, base, err
}

// addIndex opens every shard that an index names; each tensor must lie in the shard that the index gives for it.
func (f *File) addIndex(path string) error {
	data, err := lfs.ReadFile(path)
	if err != nil {
		return fmt.Errorf("open weights: %w", err)
	}
	var idx struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &idx); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if len(idx.Map) == 0 {
		return fmt.Errorf("read %s: no weight_map", path)
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(idx.Map))) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("read %s: shard %q lies outside its directory", path, name)
		}
		if err := f.addShard(filepath.Join(filepath.Dir(path), name)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(idx.Map)) {
		at, ok := f.tensors[name]
		if !ok || filepath.Base(at.shard.Name()) != filepath.Base(idx.Map[name]) {
			return fmt.Errorf("read %s: tensor %q is not in %s", path, name, idx.Map[name])
		}
	}
	return nil
}

// Names are the stored names, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Info describes a tensor; false when there is none of that name.
func (f *File) Info(name string) (Info, bool) {
	at, ok := f.tensors[name]
	return at.Info, ok
}

// Bytes reads the raw little-endian data of one tensor into fresh memory.
func (f *File) Bytes(name string) ([]byte, error) {
	at, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("read %s: no tensor %q", f.Path, name)
	}
	data := make([]byte, at.end-at.begin)
	return data, f.read(data, name, at)
}

func (f *File) read(data []byte, name string, at location) error {
	if _, err := at.shard.ReadAt(data, at.base+at.begin); err != nil {
		return fmt.Errorf("read %s tensor %q: %w", f.Path, name, noEOF(err))
	}
	return nil
}

// Borrow reads as Bytes does, into memory that the file uses again: it is the caller's until the next Borrow. Who reads many
// tensors so leaves no garbage behind. It is for one goroutine at a time.
func (f *File) Borrow(name string) ([]byte, error) {
	at, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("read %s: no tensor %q", f.Path, name)
	}
	n := int(at.end - at.begin)
	f.lent = slices.Grow(f.lent[:0], n)[:n]
	return f.lent, f.read(f.lent, name, at)
}

// BorrowFloat32 reads as Float32 does, into memory that the file uses again.
func (f *File) BorrowFloat32(name string) ([]float32, error) {
	data, err := f.Borrow(name)
	if err != nil {
		return nil, err
	}
	info := f.tensors[name].Info
	if !info.DType.Float() {
		return nil, fmt.Errorf("read %s tensor %q: it is %s, no float", f.Path, name, info.DType)
	}
	f.floats = slices.Grow(f.floats[:0], info.Len())[:info.Len()]
	DecodeInto(f.floats, info.DType, data)
	return f.floats, nil
}

// Float32 reads one float tensor of any width as float32.
func (f *File) Float32(name string) ([]float32, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	values, err := Decode(f.tensors[name].DType, data)
	if err != nil {
		return nil, fmt.Errorf("read %s tensor %q: %w", f.Path, name, err)
	}
	return values, nil
}

// Int64 reads one integer tensor of any width.
func (f *File) Int64(name string) ([]int64, error) {
	data, err := f.Bytes(name)
	if err != nil {
		return nil, err
	}
	values, err := Ints(f.tensors[name].DType, data)
	if err != nil {
		return nil, fmt.Errorf("read %s tensor %q: %w", f.Path, name, err)
	}
	return values, nil
}

// Close releases the files; tensors read before stay valid.
func (f *File) Close() error {
	var all []error
	for _, s := range f.shards {
		all = append(all, s.Close())
	}
	f.shards = nil
	return errors.Join(all...)
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
