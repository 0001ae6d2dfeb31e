package lora

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// MergeOptions say how an adapter goes into weights.
type MergeOptions struct {
	Scale float64 // on top of each module's own; 0 means 1
	Untie bool    // a tied model whose embedding or head changes gets a head of its own
}

// ErrTied says that a merge would change both uses of a tied embedding.
var ErrTied = errors.New("the adapter changes the embedding or the head of a model that ties them: merged into one matrix it would give other logits; untie (tie_word_embeddings: false) to write both")

// Merge adds an adapter to the plain float32 weights of the model that it was trained on, in float32. It returns the model,
// untied where that was needed and allowed, and its weights; tensors that did not change are shared with base.
func (a *Adapter) Merge(m *model.Model, base model.Weights, o MergeOptions) (*model.Model, model.Weights, error) {
	if err := a.Check(); err != nil {
		return nil, nil, err
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	out := model.Weights{}
	for name, t := range base {
		out[name] = t
	}
	if m.Config.Tied && a.touchesTied() {
		if !o.Untie {
			return nil, nil, fmt.Errorf("merge adapter: %w", ErrTied)
		}
		var err error
		if m, err = m.Untied(); err != nil {
			return nil, nil, fmt.Errorf("merge adapter: %w", err)
		}
		out[headModule+".weight"] = base[embedModule+".weight"]
	}
	for _, p := range a.params {
		if p.role == roleWhole {
			out[p.target()] = a.Weights[p.name]
		}
	}
	for _, mod := range a.Modules {
		if err := a.mergeModule(out, mod, o.Scale); err != nil {
			return nil, nil, fmt.Errorf("merge adapter into %s: %w", mod.Name, err)
		}
	}
	return m, out, nil
}

// target is the parameter of an untied model whose place the tensor takes.
func (p param) target() string {
	if p.name == headModule+whole+"weight" {
		return headModule + ".weight"
	}
	return p.base
}

func (a *Adapter) touchesTied() bool {
	for _, p := range a.params {
		if p.role == roleWhole && p.base == embedModule+".weight" {
			return true
		}
	}
	_, embed := a.byName[embedModule]
	_, head := a.byName[headModule]
	return embed || head
}

func (a *Adapter) mergeModule(w model.Weights, m Module, scale float64) error {
	name := m.Name + ".weight"
	t := w[name]
	if t == nil {
		return fmt.Errorf("weight %s is missing", name)
	}
	values, err := tensors.CopyFlatData[float32](t)
	if err != nil {
		return err
	}
	A, err1 := tensors.CopyFlatData[float32](a.Weights[m.nameA()])
	B, err2 := tensors.CopyFlatData[float32](a.Weights[m.nameB()])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	rows, columns := m.Out, m.In
	if m.Embedding { // [vocab, width] += s (B A)ᵀ = s Aᵀ Bᵀ
		rows, columns = m.In, m.Out
		A, B = transpose(B, m.Out, m.Rank), transpose(A, m.Rank, m.In)
	}
	if len(values) != rows*columns {
		return fmt.Errorf("weight %s has shape %v, want %v", name, t.Shape().Dimensions, []int{rows, columns})
	}
	addProduct(values, B, A, rows, columns, float32(m.Scale*scale))
	if a.Config.DoRA {
		if err := a.setLengths(values, m); err != nil {
			return err
		}
	}
	for _, v := range values {
		if d := float64(v); math.IsNaN(d) || math.IsInf(d, 0) {
			return errors.New("the merged weight is not finite")
		}
	}
	w[name] = tensors.FromFlatDataAndDimensions(values, rows, columns)
	if a.Config.LoRABias {
		return a.mergeBias(w, m, scale)
	}
	return nil
}

// addProduct adds scale · B A to w: B [rows, rank], A [rank, columns].
func addProduct(w, b, a []float32, rows, columns int, scale float32) {
	rank := len(b) / rows
	sum := make([]float32, columns)
	for row := range rows {
		clear(sum)
		for r, factor := range b[row*rank : (row+1)*rank] {
			for c, v := range a[r*columns : (r+1)*columns] {
				sum[c] += factor * v
			}
		}
		for c, v := range sum {
			w[row*columns+c] += scale * v
		}
	}
}

// setLengths scales each output of a merged weight to DoRA's trained length.
func (a *Adapter) setLengths(w []float32, m Module) error {
	want, err := tensors.CopyFlatData[float32](a.Weights[nameMagnitude(m.Name)])
	if err != nil {
		return err
	}
	have := lengths(w, m)
	for i := range w {
		at := i / m.In
		if m.Embedding {
			at = i % m.Out
		}
		w[i] *= want[at] / have[at]
	}
	return nil
}

func (a *Adapter) mergeBias(w model.Weights, m Module, scale float64) error {
	if !m.Bias {
		return errors.New("the adapter has a bias (lora_bias), the layer has none to take it up")
	}
	bias, err1 := tensors.CopyFlatData[float32](w[m.Name+".bias"])
	more, err2 := tensors.CopyFlatData[float32](a.Weights[nameBias(m.Name)])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for i, v := range more {
		bias[i] += float32(m.Scale*scale) * v
	}
	w[m.Name+".bias"] = tensors.FromFlatDataAndDimensions(bias, m.Out)
	return nil
}

func transpose(x []float32, rows, columns int) []float32 {
	out := make([]float32, len(x))
	for r := range rows {
		for c := range columns {
			out[c*rows+r] = x[r*columns+c]
		}
	}
	return out
}
