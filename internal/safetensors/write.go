package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"fettle/internal/disk"
)

// Tensor is one tensor to write. Data is asked for when its turn comes, so that a large checkpoint needs one tensor in
// memory; it must give exactly the bytes that the type and the shape need.
type Tensor struct {
	Info
	Data func() ([]byte, error)
}

// FromFloat32 makes a tensor of type d out of float32 values, converted when written.
func FromFloat32(name string, d DType, values []float32, shape ...int) Tensor {
	return Tensor{
		Info: Info{Name: name, DType: d, Shape: shape},
		Data: func() ([]byte, error) { return Encode(d, values) },
	}
}

// Write creates path atomically. Tensors are stored by element size, larger first, then by name (as the reference
// implementation does); the same tensors give the same bytes.
func Write(path string, tensors []Tensor, meta map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int {
		if a.DType.Size() != b.DType.Size() {
			return b.DType.Size() - a.DType.Size()
		}
		return strings.Compare(a.Name, b.Name)
	})
	header, err := makeHeader(tensors, meta)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := disk.Write(path, func(w io.Writer) error { return writeData(w, header, tensors) }); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func makeHeader(tensors []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(meta) > 0 {
		m, _ := json.Marshal(meta) // a map of strings always marshals
		b.WriteString(`"__metadata__":`)
		b.Write(m)
	}
	var at int64
	for i, t := range tensors {
		if t.DType.Size() == 0 {
			return nil, fmt.Errorf("tensor %q: unknown dtype %q", t.Name, t.DType)
		}
		if i > 0 && tensors[i-1].Name == t.Name || t.Name == "__metadata__" {
			return nil, fmt.Errorf("tensor %q: name used twice or reserved", t.Name)
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		end := at + int64(t.Len()*t.DType.Size())
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		name, _ := json.Marshal(t.Name)
		entry, _ := json.Marshal(rawEntry{DType: t.DType, Shape: shape, Offsets: []int64{at, end}})
		b.Write(name)
		b.WriteByte(':')
		b.Write(entry)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 { // the header's length is 8 bytes: data begin aligned to 8
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

func writeData(w io.Writer, header []byte, tensors []Tensor) error {
	w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	w.Write(header)
	for _, t := range tensors {
		data, err := t.Data()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if want := t.Len() * t.DType.Size(); len(data) != want {
			return fmt.Errorf("tensor %q: %s%v needs %d bytes, got %d", t.Name, t.DType, t.Shape, want, len(data))
		}
		w.Write(data)
	}
	return nil
}
