package lora

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// principal starts a module at the r largest singular triples of its weight (PiSSA, arXiv:2404.02948): with W ≈ U S Vᵀ,
// A = sqrt(S/scale) Vᵀ and B = U sqrt(S/scale), so that scale·B A is the principal part.
func (a *Adapter) principal(m Module, w []float32) {
	u, s, v := topSingular(w, m.Out, m.In, m.Rank)
	A, B := make([]float32, m.Rank*m.In), make([]float32, m.Out*m.Rank)
	for r := range m.Rank {
		root := math.Sqrt(s[r] / m.Scale)
		for i := range m.In {
			A[r*m.In+i] = float32(root * v[r][i])
		}
		for o := range m.Out {
			B[o*m.Rank+r] = float32(root * u[r][o])
		}
	}
	if a.start == nil {
		a.start = model.Weights{}
	}
	for name, x := range map[string]*tensors.Tensor{
		m.nameA(): tensors.FromFlatDataAndDimensions(A, m.Rank, m.In),
		m.nameB(): tensors.FromFlatDataAndDimensions(B, m.Out, m.Rank),
	} {
		a.start[name] = x
		a.Weights[name], _ = x.LocalClone()
	}
}

// Residual are the weights that the adapter trains on: base itself, or after a PiSSA start what it leaves of base. Tensors
// that did not change are shared.
func (a *Adapter) Residual(base model.Weights) (model.Weights, error) {
	if a.start == nil {
		return base, nil
	}
	out := model.Weights{}
	for name, t := range base {
		out[name] = t
	}
	start := *a
	start.Config.DoRA, start.Config.LoRABias, start.Weights = false, false, a.start
	for _, m := range a.Modules {
		if a.start[m.nameA()] == nil {
			continue
		}
		if m.Name == headModule && a.tied {
			return nil, fmt.Errorf("pissa: %w", ErrTied)
		}
		if err := start.mergeModule(out, m, -1); err != nil {
			return nil, fmt.Errorf("pissa %s: %w", m.Name, err)
		}
	}
	return out, nil
}

// converted is the same change as an adapter of the unchanged weights: scale·(B A - B0 A0) as one product of rank 2r. Alpha
// grows as the rank does, by its root for rsLoRA, so that the scale stays.
func (a *Adapter) converted() (*Adapter, error) {
	if a.Config.DoRA {
		return nil, fmt.Errorf("pissa: with DoRA the adapter cannot be written for the unchanged weights")
	}
	out := *a
	out.start = nil
	grow := 2.0
	if a.Config.RsLoRA {
		grow = math.Sqrt2
	}
	out.Config.Init = ""
	out.Config.Rank *= 2
	out.Config.Alpha *= grow
	out.Config.RankPattern = multiplied(a.Config.RankPattern, 2)
	out.Config.AlphaPattern = multiplied(a.Config.AlphaPattern, grow)
	out.Modules, out.byName, out.Weights = nil, map[string]Module{}, model.Weights{}
	for name, t := range a.Weights {
		out.Weights[name] = t
	}
	out.params = append([]param{}, a.params...)
	for _, m := range a.Modules {
		A, B, err := a.doubled(m)
		if err != nil {
			return nil, err
		}
		m.Rank *= 2
		out.Modules, out.byName[m.Name] = append(out.Modules, m), m
		out.Weights[m.nameA()] = tensors.FromFlatDataAndDimensions(A, m.Rank, m.In)
		out.Weights[m.nameB()] = tensors.FromFlatDataAndDimensions(B, m.Out, m.Rank)
		for i, p := range out.params {
			switch p.name {
			case m.nameA():
				out.params[i].shape = []int{m.Rank, m.In}
			case m.nameB():
				out.params[i].shape = []int{m.Out, m.Rank}
			}
		}
	}
	return &out, nil
}

func multiplied(list []Pattern, by float64) []Pattern {
	var out []Pattern
	for _, p := range list {
		out = append(out, Pattern{p.Match, p.Value * by})
	}
	return out
}

// doubled are [A; A0] and [B, -B0]; where a module did not start from its weight, zeros take their place.
func (a *Adapter) doubled(m Module) (A, B []float32, err error) {
	read := func(w model.Weights, name string, size int) []float32 {
		t := w[name]
		if t == nil || err != nil {
			return make([]float32, size)
		}
		var values []float32
		values, err = tensors.CopyFlatData[float32](t)
		return values
	}
	A = append(read(a.Weights, m.nameA(), m.Rank*m.In), read(a.start, m.nameA(), m.Rank*m.In)...)
	b, b0 := read(a.Weights, m.nameB(), m.Out*m.Rank), read(a.start, m.nameB(), m.Out*m.Rank)
	for o := range m.Out {
		B = append(B, b[o*m.Rank:(o+1)*m.Rank]...)
		for _, v := range b0[o*m.Rank : (o+1)*m.Rank] {
			B = append(B, -v)
		}
	}
	return A, B, err
}
