package gguf

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
)

// WriteAdapter writes an adapter for llama.cpp, its matrices as f32 or f16. llama.cpp multiplies by alpha/rank and knows no
// rsLoRA, so that adapter.lora.alpha is scale · rank: alpha itself, and alpha · sqrt(rank) for rsLoRA.
func WriteAdapter(path, name string, m *model.Model, a *lora.Adapter, t Type) error {
	if t != F32 && t != F16 {
		return fmt.Errorf("gguf adapter as %s: want f32 or f16", t)
	}
	arch, ok := archs[m.Config.ModelType]
	if !ok {
		_, err := Places(m)
		return err
	}
	alpha := a.Modules[0].Scale * float64(a.Modules[0].Rank)
	h := &Header{}
	h.add("general.architecture", arch.name)
	h.add("general.type", "adapter")
	h.add("general.name", name)
	h.add("general.file_type", traits[t].fileType)
	h.add("adapter.type", "lora")
	h.add("adapter.lora.alpha", float32(alpha))
	var all []Tensor
	for _, mod := range a.Modules {
		pair, err := adapterTensors(m, arch, a, mod, alpha, t)
		if err != nil {
			return err
		}
		all = append(all, pair...)
	}
	return Write(path, h.Meta, all)
}

// adapterTensors: B's rows go where the base's rows go; a module whose scale · rank is another than the file's alpha carries
// the difference in B.
func adapterTensors(m *model.Model, arch arch, a *lora.Adapter, mod lora.Module, alpha float64, t Type) ([]Tensor, error) {
	name, err := Module(m, mod.Name)
	if err != nil {
		return nil, err
	}
	low, err := tensors.CopyFlatData[float32](a.Weights[lora.NameA(mod.Name)])
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", mod.Name, err)
	}
	up, err := tensors.CopyFlatData[float32](a.Weights[lora.NameB(mod.Name)])
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", mod.Name, err)
	}
	if by := mod.Scale * float64(mod.Rank) / alpha; alpha != 0 && by != 1 {
		for i := range up {
			up[i] = float32(float64(up[i]) * by)
		}
	}
	if heads := permuted(m.Config, mod.Name+"."); arch.permute && heads > 0 {
		up = permute(up, heads, mod.Rank, false)
	}
	return []Tensor{
		{Info{name + ".weight.lora_a", t, []int{mod.Rank, mod.In}}, func() ([]byte, error) { return Encode(t, low) }},
		{Info{name + ".weight.lora_b", t, []int{mod.Out, mod.Rank}}, func() ([]byte, error) { return Encode(t, up) }},
	}, nil
}

// ReadAdapter reads an adapter file into the modules of like, as llama.cpp computes with it: scale is alpha/rank.
func ReadAdapter(path string, m *model.Model, like *lora.Adapter) (*lora.Adapter, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	alpha, ok := Get[float32](f, "adapter.lora.alpha")
	if !ok || len(f.Tensors) != 2*len(like.Modules) {
		return nil, fmt.Errorf("read %s: want alpha and %d tensors, found %d", path, 2*len(like.Modules), len(f.Tensors))
	}
	out := &lora.Adapter{Config: like.Config, Weights: model.Weights{}}
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
		mod.Scale = float64(alpha) / float64(mod.Rank)
		out.Modules = append(out.Modules, mod)
		out.Weights[lora.NameA(mod.Name)] = tensors.FromFlatDataAndDimensions(low, mod.Rank, mod.In)
		out.Weights[lora.NameB(mod.Name)] = tensors.FromFlatDataAndDimensions(up, mod.Out, mod.Rank)
	}
	return out, nil
}
