package lora

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// Adapter is a set of modules and their matrices, by PEFT's names without its prefix: "<module>.lora_A.weight".
type Adapter struct {
	Config  Config
	Modules []Module
	Weights model.Weights
}

// NameA and NameB are the names of a module's matrices.
func NameA(module string) string { return module + ".lora_A.weight" }

// NameB is the name of B.
func NameB(module string) string { return module + ".lora_B.weight" }

// New makes an adapter that changes nothing yet: A uniform in ±1/sqrt(in) (Kaiming with a = sqrt 5, as PEFT), B zero.
// It is drawn on the host in the order of the modules: the same seed gives the same bits on every backend.
func New(m *model.Model, c Config, seed int64) (*Adapter, error) {
	modules, err := c.Match(m)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 0x6c6f7261)) // "lora"
	a := &Adapter{Config: c, Modules: modules, Weights: model.Weights{}}
	for _, mod := range modules {
		bound := 1 / math.Sqrt(float64(mod.In))
		values := make([]float32, mod.Rank*mod.In)
		for i := range values {
			values[i] = float32((2*rng.Float64() - 1) * bound)
		}
		a.Weights[NameA(mod.Name)] = tensors.FromFlatDataAndDimensions(values, mod.Rank, mod.In)
		a.Weights[NameB(mod.Name)] = tensors.FromFlatDataAndDimensions(make([]float32, mod.Out*mod.Rank), mod.Out, mod.Rank)
	}
	return a, nil
}

// Names lists the matrices in a fixed order: A and B of each module, in the order they run.
func (a *Adapter) Names() []string {
	var names []string
	for _, m := range a.Modules {
		names = append(names, NameA(m.Name), NameB(m.Name))
	}
	return names
}

// Size counts the trained weights.
func (a *Adapter) Size() (n int64) {
	for _, m := range a.Modules {
		n += int64(m.Rank) * int64(m.In+m.Out)
	}
	return n
}

// Hook makes the function for model.Scope.Adapt: param gives the nodes of the matrices by name; drop, if not nil, puts
// dropout on the adapter's input. Modules without an adapter pass unchanged.
func (a *Adapter) Hook(param func(name string) *graph.Node, drop func(x *graph.Node) *graph.Node) func(module string, x, y *graph.Node) *graph.Node {
	byName := map[string]Module{}
	for _, m := range a.Modules {
		byName[m.Name] = m
	}
	return func(module string, x, y *graph.Node) *graph.Node {
		m, ok := byName[module]
		if !ok {
			return y
		}
		if drop != nil {
			x = drop(x)
		}
		// [batch, seq, in]·[rank, in]ᵀ -> [batch, seq, rank]; ·[out, rank]ᵀ -> [batch, seq, out]
		inner := model.Dense(x, param(NameA(module)))
		if m.Scale != 1 {
			inner = graph.MulScalar(inner, m.Scale) // on the small side
		}
		return graph.Add(y, graph.ConvertDType(model.Dense(inner, param(NameB(module))), y.DType()))
	}
}

// Check finds an adapter whose matrices do not fit its modules.
func (a *Adapter) Check() error {
	for _, m := range a.Modules {
		for name, want := range map[string][2]int{NameA(m.Name): {m.Rank, m.In}, NameB(m.Name): {m.Out, m.Rank}} {
			t := a.Weights[name]
			if t == nil {
				return fmt.Errorf("adapter: matrix %s is missing", name)
			}
			if got := t.Shape().Dimensions; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
				return fmt.Errorf("adapter: matrix %s has shape %v, want %v", name, got, want)
			}
		}
	}
	return nil
}
