package gguf

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
)

// WriteAdapter writes an adapter for llama.cpp, its matrices as f32 or f16, and returns the file's metadata.
func WriteAdapter(path, name string, m *model.Model, a *lora.Adapter, t Type) ([]KV, error) {
	all, alpha, err := AdapterTensors(m, a, t)
	if err != nil {
		return nil, err
	}
	h := &Header{}
	h.add("general.architecture", archs[m.Config.ModelType].name)
	h.add("general.type", "adapter")
	h.add("general.name", name)
	h.add("general.file_type", traits[t].fileType)
	h.add("adapter.type", "lora")
	h.add("adapter.lora.alpha", float32(alpha))
	return h.Meta, Write(path, h.Meta, all)
}

// AdapterTensors lists an adapter's tensors as a file holds them, and the file's alpha. llama.cpp multiplies by alpha/rank and
// knows no rsLoRA, so that alpha is scale · rank: PEFT's own, and alpha · sqrt(rank) for rsLoRA.
func AdapterTensors(m *model.Model, a *lora.Adapter, t Type) ([]Tensor, float64, error) {
	if t != F32 && t != F16 {
		return nil, 0, fmt.Errorf("gguf adapter as %s: want f32 or f16", t)
	}
	arch, ok := archs[m.Config.ModelType]
	if !ok {
		_, err := Places(m)
		return nil, 0, err
	}
	if len(a.Names()) != 2*len(a.Modules) || len(a.Modules) == 0 {
		return nil, 0, fmt.Errorf("gguf adapter: llama.cpp knows A and B of projections only, this adapter has more: %q", a.Names())
	}
	for _, mod := range a.Modules {
		if mod.Embedding || mod.Name == "lm_head" && m.Config.Tied {
			return nil, 0, fmt.Errorf("gguf adapter: %s: llama.cpp has no matrix of its own for it", mod.Name)
		}
	}
	alpha := a.Modules[0].Scale * float64(a.Modules[0].Rank)
	var all []Tensor
	for _, mod := range a.Modules {
		pair, err := adapterTensors(m, arch, a, mod, alpha, t)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, pair...)
	}
	return all, alpha, nil
}

// adapterTensors: B's rows go where the base's rows go; a module whose scale · rank is another than the file's alpha carries
// the difference in B.
func adapterTensors(m *model.Model, arch arch, a *lora.Adapter, mod lora.Module, alpha float64, t Type) ([]Tensor, error) {
	name, err := Module(m, mod.Name)
	if err != nil {
		return nil, err
	}
	low, err := matrix(a, lora.NameA(mod.Name))
	if err != nil {
		return nil, err
	}
	up, err := matrix(a, lora.NameB(mod.Name))
	if err != nil {
		return nil, err
	}
	scale(up, mod.Scale*float64(mod.Rank), alpha)
	if heads := permuted(m.Config, mod.Name+"."); arch.permute && heads > 0 {
		up = permute(up, heads, mod.Rank, false)
	}
	return []Tensor{
		{Info{name + ".weight.lora_a", t, []int{mod.Rank, mod.In}}, func() ([]byte, error) { return Encode(t, low) }},
		{Info{name + ".weight.lora_b", t, []int{mod.Out, mod.Rank}}, func() ([]byte, error) { return Encode(t, up) }},
	}, nil
}

func matrix(a *lora.Adapter, name string) ([]float32, error) {
	t := a.Weights[name]
	if t == nil {
		return nil, fmt.Errorf("gguf adapter: the adapter has no %s", name)
	}
	return tensors.CopyFlatData[float32](t)
}

// scale multiplies by what/by; equal ones leave every bit.
func scale(values []float32, what, by float64) {
	if what == by || by == 0 {
		return
	}
	for i, v := range values {
		values[i] = float32(float64(v) * what / by)
	}
}

// Adapter reads an adapter file into a copy of like, which names the modules. The copy computes what llama.cpp does: where its
// alpha/rank is not like's scale, B carries the difference.
func (f *File) Adapter(m *model.Model, like *lora.Adapter) (*lora.Adapter, error) {
	alpha, ok := Get[float32](f, "adapter.lora.alpha")
	if !ok || len(f.Tensors) != 2*len(like.Modules) {
		return nil, fmt.Errorf("read %s: want alpha and %d tensors, found %d", f.Path, 2*len(like.Modules), len(f.Tensors))
	}
	out := *like
	out.Weights = model.Weights{}
	for _, mod := range like.Modules {
		name, err := Module(m, mod.Name)
		if err != nil {
			return nil, err
		}
		low, err := f.Float32(name + ".weight.lora_a")
		if err != nil {
			return nil, err
		}
		up, err := f.Float32(name + ".weight.lora_b")
		if err != nil {
			return nil, err
		}
		if heads := permuted(m.Config, mod.Name+"."); archs[m.Config.ModelType].permute && heads > 0 {
			up = permute(up, heads, mod.Rank, true)
		}
		scale(up, float64(alpha)/float64(mod.Rank), mod.Scale)
		out.Weights[lora.NameA(mod.Name)] = tensors.FromFlatDataAndDimensions(low, mod.Rank, mod.In)
		out.Weights[lora.NameB(mod.Name)] = tensors.FromFlatDataAndDimensions(up, mod.Out, mod.Rank)
	}
	return &out, nil
}
