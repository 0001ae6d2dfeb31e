package gguf

import (
	"fmt"
	"slices"

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
		if p.expert > 0 {
			continue // it is part of the first one's tensor
		}
		all = append(all, Tensor{Info: Info{p.Name, p.Type(t), p.stacked()}, Data: func() ([]byte, error) { return p.whole(places, from, t) }})
	}
	return all, nil
}

// stacked is the shape of the file's tensor.
func (p Place) stacked() []int {
	if p.experts == 0 {
		return p.Shape
	}
	return append([]int{p.experts}, p.Shape...)
}

// whole is the data of the file's tensor: that of one parameter, or of all experts' in their order.
func (p Place) whole(places []Place, from Source, t Type) (data []byte, err error) {
	if p.experts == 0 {
		return p.Encode(from, t)
	}
	for _, other := range places { // in the order of the network, so of the experts too
		if other.Name != p.Name {
			continue
		}
		one, err := other.Encode(from, t)
		if err != nil {
			return nil, err
		}
		data = append(data, one...)
	}
	return data, nil
}

// Encode gives the bytes that a file holds for the parameter. Experts are whole rows of their tensor, and blocks never cross rows.
func (p Place) Encode(from Source, t Type) ([]byte, error) {
	values, err := from(p.HF)
	if err != nil {
		return nil, err
	}
	return Encode(p.Type(t), p.ToFile(values))
}

// Part reads the bytes that a file holds for a parameter.
func (f *File) Part(p Place) ([]byte, error) {
	info, ok := f.Info(p.Name)
	if !ok {
		return nil, fmt.Errorf("read %s: tensor %s is missing", f.Path, p.Name)
	}
	if !slices.Equal(info.Shape, p.stacked()) {
		return nil, fmt.Errorf("read %s: tensor %s has shape %v, want %v", f.Path, p.Name, info.Shape, p.stacked())
	}
	size := info.Type.Size(info.Len())
	parts := max(p.experts, 1)
	return f.part(p.Name, size/parts*p.expert, size/parts)
}

// Parameter reads a parameter from a file as the checkpoint has it: dequantised, rows and norms put back.
func (f *File) Parameter(p Place) ([]float32, error) {
	data, err := f.Part(p)
	if err != nil {
		return nil, err
	}
	values, err := Decode(f.index[p.Name].Type, data)
	if err != nil {
		return nil, err
	}
	return p.FromFile(values), nil
}
