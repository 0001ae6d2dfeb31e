package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"fettle/internal/disk"
)

const (
	magic     = "GGUF"
	version   = 3
	alignment = 32 // of tensor data, where general.alignment says nothing else
)

// Info says what a stored tensor is.
type Info struct {
	Name  string
	Type  Type
	Shape []int // outermost first, as in safetensors; the file holds it the other way round
}

// Len is the number of values.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// Tensor is one tensor to write; Data is asked for when its turn comes.
type Tensor struct {
	Info
	Data func() ([]byte, error)
}

// Write creates path atomically. Order of metadata and tensors is the caller's: the same input gives the same bytes.
func Write(path string, meta []KV, tensors []Tensor) error {
	header, err := makeHeader(meta, tensors)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = disk.Write(path, func(w io.Writer) error {
		w.Write(header)
		return writeData(w, tensors)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func makeHeader(meta []KV, tensors []Tensor) ([]byte, error) {
	b := binary.LittleEndian.AppendUint32([]byte(magic), version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(meta)))
	seen := map[string]bool{}
	for _, kv := range meta {
		if seen[kv.Key] {
			return nil, fmt.Errorf("metadata %s is given twice", kv.Key)
		}
		seen[kv.Key] = true
		var err error
		if b, err = appendValue(appendScalar(b, kv.Key), kv.Value); err != nil {
			return nil, fmt.Errorf("metadata %s: %w", kv.Key, err)
		}
	}
	var at uint64
	for _, t := range tensors {
		if len(t.Shape) == 0 || !t.Type.Fits(t.Shape[len(t.Shape)-1]) {
			return nil, fmt.Errorf("tensor %s: shape %v cannot be stored as %s", t.Name, t.Shape, t.Type)
		}
		if seen["tensor "+t.Name] {
			return nil, fmt.Errorf("tensor %s is given twice", t.Name)
		}
		seen["tensor "+t.Name] = true
		b = appendScalar(b, t.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Shape)))
		for _, d := range slices.Backward(t.Shape) {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
		b = binary.LittleEndian.AppendUint64(b, at)
		at += uint64(padded(t.Type.Size(t.Len())))
	}
	return append(b, make([]byte, padded(len(b))-len(b))...), nil
}

// padded is the next multiple of the alignment.
func padded(n int) int { return (n + alignment - 1) / alignment * alignment }

func writeData(w io.Writer, tensors []Tensor) error {
	for _, t := range tensors {
		data, err := t.Data()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		if want := t.Type.Size(t.Len()); len(data) != want {
			return fmt.Errorf("tensor %s: %s%v needs %d bytes, got %d", t.Name, t.Type, t.Shape, want, len(data))
		}
		data = append(data[:len(data):len(data)], make([]byte, padded(len(data))-len(data))...)
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}
