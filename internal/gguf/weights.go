package gguf

import (
	"fmt"

	"fettle/internal/model"
)

// Source gives the float32 values of a parameter by its Hugging Face name.
type Source func(name string) ([]float32, error)

// Tensors lists a model's tensors as a file holds them, matrices as type t; one at a time is in memory when they are written.
func Tensors(m *model.Model, from Source, t Type) ([]Tensor, error) {
	places, err := Places(m)
	if err != nil {
		return nil, err
	}
	all := RopeTensors(m.Config)
	for _, p := range places {
		all = append(all, Tensor{Info: Info{p.Name, p.Type(t), p.Shape}, Data: func() ([]byte, error) { return p.Encode(from, t) }})
	}
	return all, nil
}

// Encode gives the bytes that a file holds for the parameter.
func (p Place) Encode(from Source, t Type) ([]byte, error) {
	values, err := from(p.HF)
	if err != nil {
		return nil, err
	}
	return Encode(p.Type(t), p.ToFile(values))
}

// Parameter reads a parameter from a file as the checkpoint has it: dequantised, rows and norms put back.
func (f *File) Parameter(p Place) ([]float32, error) {
	info, ok := f.Info(p.Name)
	if !ok {
		return nil, fmt.Errorf("read %s: tensor %s is missing", f.Path, p.Name)
	}
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	if info.Len() != n || len(info.Shape) != len(p.Shape) || info.Shape[0] != p.Shape[0] {
		return nil, fmt.Errorf("read %s: tensor %s has shape %v, want %v", f.Path, p.Name, info.Shape, p.Shape)
	}
	values, err := f.Float32(p.Name)
	if err != nil {
		return nil, err
	}
	return p.FromFile(values), nil
}
