package lora

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// New makes an adapter that changes nothing yet: A uniform in ±1/sqrt(in) (Kaiming with a = sqrt 5, as PEFT) or normal with
// deviation 1/rank (gaussian), B zero; of embeddings A is zero and B normal. It is drawn on the host in the order of the
// modules: the same seed gives the same bits on every backend. What starts from the model's weights (DoRA, PiSSA, biases,
// whole modules) is there after Attach.
func New(m *model.Model, c Config, seed int64) (*Adapter, error) {
	a, err := Outline(m, c)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 0x6c6f7261)) // "lora"
	for _, mod := range a.Modules {
		x, y := make([]float32, mod.Rank*mod.In), make([]float32, mod.Out*mod.Rank)
		switch {
		case mod.Embedding:
			normal(rng, y, 1)
		case c.Init == Gaussian:
			normal(rng, x, 1/float64(mod.Rank))
		default:
			bound := 1 / math.Sqrt(float64(mod.In))
			for i := range x {
				x[i] = float32((2*rng.Float64() - 1) * bound)
			}
		}
		a.Weights[mod.nameA()] = tensors.FromFlatDataAndDimensions(x, mod.Rank, mod.In)
		a.Weights[mod.nameB()] = tensors.FromFlatDataAndDimensions(y, mod.Out, mod.Rank)
		if c.LoRABias {
			a.Weights[nameBias(mod.Name)] = tensors.FromFlatDataAndDimensions(make([]float32, mod.Out), mod.Out)
		}
	}
	return a, nil
}

// Outline is the adapter that New makes, without weights: for programs that are compiled and not run.
func Outline(m *model.Model, c Config) (*Adapter, error) {
	modules, err := c.Match(m)
	if err != nil {
		return nil, err
	}
	a := newAdapter(m, c, modules)
	if len(a.params) == 0 {
		return nil, c.nothing(m)
	}
	return a, nil
}

func normal(rng *rand.Rand, dst []float32, deviation float64) {
	for i := range dst {
		dst[i] = float32(rng.NormFloat64() * deviation)
	}
}

// Source gives the float values of a parameter of the model: of plain weights (Plain), or of ones in 4 bits (quant.Set).
type Source func(name string) ([]float32, error)

// Plain reads weights kept as float32 or bfloat16.
func Plain(w model.Weights) Source {
	return func(name string) ([]float32, error) {
		t := w[name]
		if t == nil {
			return nil, fmt.Errorf("weight %s is missing", name)
		}
		if t.DType() != dtypes.BFloat16 {
			return tensors.CopyFlatData[float32](t)
		}
		narrow, err := tensors.CopyFlatData[bfloat16.BFloat16](t)
		values := make([]float32, len(narrow))
		for i, v := range narrow {
			values[i] = v.Float32()
		}
		return values, err
	}
}

// Attach gives a new adapter what it takes from the model that it will train on: copies of biases and whole modules, DoRA's
// row lengths, PiSSA's matrices. It does nothing for others.
func (a *Adapter) Attach(base Source) error {
	for _, p := range a.params {
		if p.role != roleWhole {
			continue
		}
		values, err := base(p.base)
		if err != nil {
			return fmt.Errorf("attach adapter: %w", err)
		}
		a.Weights[p.name] = tensors.FromFlatDataAndDimensions(values, p.shape...)
	}
	for _, m := range a.Modules {
		if !a.Config.DoRA && a.Config.Init != PiSSA {
			return nil
		}
		w, err := base(a.weightOf(m))
		if err != nil {
			return fmt.Errorf("attach adapter: %w", err)
		}
		if a.Config.DoRA { // B is zero, or PiSSA's B A is what the residual lacks: the whole is W
			a.Weights[nameMagnitude(m.Name)] = tensors.FromFlatDataAndDimensions(lengths(w, m), m.Out)
		}
		if a.Config.Init == PiSSA && !m.Embedding {
			a.principal(m, w)
		}
	}
	return nil
}

// weightOf is the parameter that a module multiplies by.
func (a *Adapter) weightOf(m Module) string {
	if m.Name == headModule && a.tied {
		return embedModule + ".weight"
	}
	return m.Name + ".weight"
}

// lengths are the Euclidean lengths of the rows of a projection [out, in], of the columns of an embedding [vocab, width].
func lengths(w []float32, m Module) []float32 {
	sums := make([]float64, m.Out)
	for i, v := range w {
		at := i / m.In
		if m.Embedding {
			at = i % m.Out
		}
		sums[at] += float64(v) * float64(v)
	}
	out := make([]float32, m.Out)
	for i, s := range sums {
		out[i] = float32(math.Sqrt(s))
	}
	return out
}

// nothing says why no weight would train: targets match some module, else Match would have said so.
func (c Config) nothing(m *model.Model) error {
	last := len(m.Config.Layers) - 1
	outside := len(c.Layers) > 0
	for _, l := range c.Layers {
		outside = outside && (l < 0 || l > last)
	}
	if outside {
		return fmt.Errorf("lora: nothing would train: lora.layers names %v, the model has layers 0 to %d", c.Layers, last)
	}
	return fmt.Errorf("lora: nothing would train: lora.exclude and lora.layers leave no module of targets %v", c.Targets)
}
