package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/safetensors"
)

// Format is a way to keep a weight other than as one float tensor of its shape (NF4, say). The loader asks every format for
// every parameter; the first that finds its keys takes it.
type Format interface {
	// Keys lists the stored names that make up the parameter in this format; nil when it is not stored so.
	Keys(f *safetensors.File, p Parameter) []string
	// Load reads them. The names of the result are what Scope.Base will ask for.
	Load(f *safetensors.File, p Parameter) (Weights, error)
}

// Loader says how weights are kept.
type Loader struct {
	Formats []Format     // special formats, tried before plain floats
	DType   dtypes.DType // of plain weights: Float32 (also the zero value's meaning) or BFloat16
	// Backend is where they go as they are read; nil = host memory, and the first program that takes them copies them all.
	Backend compute.Backend
}

// Load reads the float32 weights of a model directory (or file) into host memory.
func (m *Model) Load(dir string) (Weights, error) { return m.LoadWith(Loader{}, dir) }

// LoadWith reads the weights of a model directory one at a time. A missing tensor, one of the wrong shape and one that the
// model has no use for are errors, all named at once.
func (m *Model) LoadWith(l Loader, dir string) (Weights, error) {
	f, err := safetensors.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w, used, faults := Weights{}, map[string]bool{}, []error(nil)
	for _, p := range m.Parameters() {
		keys, tensors, err := l.parameter(f, p)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, k := range keys {
			used[k] = true
		}
		for name, t := range tensors {
			if l.Backend != nil {
				faults = append(faults, t.ToDevice(l.Backend, 0))
			}
			w[name] = t
		}
	}
	faults = append(faults, m.unused(f, used)...)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("load weights %s: %w", f.Path, err)
	}
	return w, nil
}

func (l Loader) parameter(f *safetensors.File, p Parameter) ([]string, Weights, error) {
	for _, format := range l.Formats {
		if keys := format.Keys(f, p); keys != nil {
			w, err := format.Load(f, p)
			return keys, w, err
		}
	}
	info, ok := f.Info(p.Name)
	switch {
	case !ok:
		return nil, nil, fmt.Errorf("tensor %s is missing", p.Name)
	case !info.DType.Float():
		return nil, nil, fmt.Errorf("tensor %s is %s: no format given to the loader understands it", p.Name, info.DType)
	case !slices.Equal(info.Shape, p.Shape):
		return nil, nil, fmt.Errorf("tensor %s has shape %v, want %v", p.Name, info.Shape, p.Shape)
	}
	t, err := l.plain(f, info)
	return []string{p.Name}, Weights{p.Name: t}, err
}

// plain reads one float tensor, into memory that the backend shares where it does.
func (l Loader) plain(f *safetensors.File, info safetensors.Info) (*tensors.Tensor, error) {
	t, err := tensors.FromShapeForBackend(l.Backend, 0, shapes.Make(or(l.DType, dtypes.Float32), info.Shape...))
	if err != nil {
		return nil, err
	}
	var fault error
	switch {
	case l.DType != dtypes.BFloat16:
		err = tensors.MutableFlatData(t, func(flat []float32) { fault = f.ReadFloat32(flat, info.Name) })
	case info.DType == safetensors.BF16:
		err = t.MutableBytes(func(flat []byte) { fault = f.ReadBytes(flat, info.Name) })
	default:
		err = t.MutableBytes(func(flat []byte) { fault = narrow(flat, f, info.Name) })
	}
	if err := errors.Join(fault, err); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", info.Name, err)
	}
	return t, nil
}

// narrow reads a float tensor of any width as bfloat16.
func narrow(dst []byte, f *safetensors.File, name string) error {
	values, err := f.BorrowFloat32(name)
	if err != nil {
		return err
	}
	data, err := safetensors.Encode(safetensors.BF16, values)
	copy(dst, data)
	return err
}

// ignorable tensors hold what the config says already.
var ignorable = []string{".rotary_emb.inv_freq", ".self_attn.bias", ".self_attn.masked_bias", ".rotary_emb.cos_cached", ".rotary_emb.sin_cached"}

// Ignored says whether a stored tensor is one that a loader passes over.
func Ignored(name string) bool {
	return slices.ContainsFunc(ignorable, func(s string) bool { return strings.HasSuffix(name, s) })
}

// unused names the stored tensors that nothing took. A head beside a tied embedding is accepted when it holds the same bytes.
func (m *Model) unused(f *safetensors.File, used map[string]bool) []error {
	var faults []error
	for _, name := range f.Names() {
		if used[name] || Ignored(name) {
			continue
		}
		if name == headName && m.Config.Tied {
			if err := sameTensor(f, headName, embedName); err != nil {
				faults = append(faults, fmt.Errorf("tie_word_embeddings is true, but %w", err))
			}
			continue
		}
		faults = append(faults, fmt.Errorf("tensor %s is not part of a %s model", name, m.Config.ModelType))
	}
	return faults
}

func sameTensor(f *safetensors.File, a, b string) error {
	x, err := f.Bytes(a)
	if err != nil {
		return err
	}
	y, err := f.Bytes(b)
	if err != nil {
		return err
	}
	if string(x) != string(y) {
		return fmt.Errorf("%s differs from %s", a, b)
	}
	return nil
}
