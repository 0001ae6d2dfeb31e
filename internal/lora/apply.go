package lora

import (
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/model"
)

// Options say how an adapter takes part in a graph.
type Options struct {
	Param func(name string) *graph.Node // gives the nodes of the adapter's weights; nil = the scope's Param
	Drop  Dropout                       // on the input of A; nil = none
	Scale float64                       // on top of each module's own; 0 means 1
	Off   bool                          // as PEFT's disable_adapter: only biases that trained with it stay
}

// Dropout sets values of a module's input to zero. It may be asked about a module again, when a layer is computed anew for
// its gradients, and must then set the same ones.
type Dropout func(module string, x *graph.Node) *graph.Node

// Apply puts the adapter into a scope: it adds to what layers compute and takes the place of parameters that train as a
// whole. Several adapters are applied one after the other, each with an own Param; quantised weights come before all.
func (a *Adapter) Apply(s *model.Scope, o Options) {
	p := &placed{Adapter: a, drop: o.Drop, base: s.Param, param: o.Param, scale: o.Scale}
	if p.param == nil {
		p.param = s.Param
	}
	if p.scale == 0 {
		p.scale = 1
	}
	instead := a.replaced(o.Off)
	s.Param = func(name string) *graph.Node {
		if other := instead[name]; other != "" {
			return p.param(other)
		}
		return p.base(name)
	}
	p.bias = s.Param
	if base := s.Base; base != nil {
		s.Base = func(module string, x *graph.Node) *graph.Node {
			if instead[module+".weight"] != "" {
				return nil
			}
			return base(module, x)
		}
	}
	if o.Off {
		return
	}
	before := s.Adapt
	s.Adapt = func(module string, x, y *graph.Node) *graph.Node {
		if before != nil {
			y = before(module, x, y)
		}
		return p.adapt(module, x, y)
	}
}

// Hook makes only the function for model.Scope.Adapt. It is enough for adapters that take no parameter's place and panics
// for others; Apply is for all.
func (a *Adapter) Hook(param func(name string) *graph.Node, drop Dropout) func(module string, x, y *graph.Node) *graph.Node {
	if len(a.replaced(false)) > 0 {
		panic("lora: the adapter trains biases or whole modules: Hook leaves them out, Apply does not")
	}
	s := &model.Scope{Param: param}
	a.Apply(s, Options{Drop: drop})
	return s.Adapt
}

// replaced maps parameters of the model to the weights that take their place. In a tied model the embedding and the head
// are one parameter of which only one use may train: those are replaced where they are used.
func (a *Adapter) replaced(onlyBiases bool) map[string]string {
	instead := map[string]string{}
	for _, p := range a.params {
		module, isBias := strings.CutSuffix(p.base, ".bias")
		if onlyBiases && (!isBias || a.Config.saves(module)) {
			continue
		}
		if p.role == roleWhole && !(a.tied && p.base == embedModule+".weight") {
			instead[p.base] = p.name
		}
	}
	return instead
}

// placed is an adapter in a graph.
type placed struct {
	*Adapter
	base, param, bias func(name string) *graph.Node // bias: what the layer really adds
	drop              Dropout
	scale             float64
}

func (p *placed) adapt(module string, x, y *graph.Node) *graph.Node {
	if name := module + whole + "weight"; p.tied && p.Config.saves(module) {
		switch module {
		case headModule:
			return graph.ConvertDType(model.Dense(x, p.param(name)), y.DType())
		case embedModule:
			return graph.Gather(p.param(name), graph.ExpandAxes(x, -1))
		}
	}
	m, ok := p.byName[module]
	if !ok {
		return y
	}
	if m.Embedding {
		return p.embedding(m, x, y)
	}
	return p.projection(m, x, y)
}

// projection: y = W x + bias [.., out] becomes y + scale · (B A x + bias of B), or with DoRA (arXiv:2402.09353)
// l/|W + scale B A| · (W x + scale · B A x) + bias with the trained lengths l.
func (p *placed) projection(m Module, x, y *graph.Node) *graph.Node {
	dropped := x
	if p.drop != nil {
		dropped = p.drop(m.Name, x)
	}
	// [.., in]·[rank, in]ᵀ -> [.., rank]; ·[out, rank]ᵀ -> [.., out]: the [out, in] product is never built.
	inner := scaled(model.Dense(dropped, p.param(m.nameA())), m.Scale*p.scale) // on the small side
	delta := graph.ConvertDType(model.Dense(inner, p.param(m.nameB())), y.DType())
	if p.Config.LoRABias {
		bias := scaled(p.param(nameBias(m.Name)), m.Scale*p.scale)
		delta = graph.Add(delta, graph.ConvertDType(graph.ExpandLeftToRank(bias, y.Rank()), y.DType()))
	}
	if !p.Config.DoRA {
		return graph.Add(y, delta)
	}
	w := p.base(p.weightOf(m))
	factor := graph.ConvertDType(graph.ExpandLeftToRank(p.factor(m, w), y.Rank()), y.DType())
	product := y
	switch {
	case p.drop != nil: // PEFT multiplies W by the dropped input there
		product = graph.ConvertDType(model.Dense(dropped, w), y.DType())
	case m.Bias:
		product = graph.Sub(y, graph.ConvertDType(graph.ExpandLeftToRank(p.bias(m.Name+".bias"), y.Rank()), y.DType()))
	}
	return graph.Add(y, graph.Add(graph.Mul(graph.AddScalar(factor, -1), product), graph.Mul(factor, delta)))
}

// embedding: y = E[tokens] [.., width] becomes y + scale · B A[:, tokens]. The row of the padding token does not train.
func (p *placed) embedding(m Module, tokens, y *graph.Node) *graph.Node {
	inner := graph.Gather(graph.TransposeAllAxes(p.param(m.nameA()), 1, 0), graph.ExpandAxes(tokens, -1)) // [.., rank]
	if p.pad >= 0 {
		pad := graph.ExpandAxes(graph.Equal(tokens, graph.Scalar(tokens.Graph(), tokens.DType(), p.pad)), -1)
		inner = graph.Where(graph.BroadcastToDims(pad, inner.Shape().Dimensions...), graph.StopGradient(inner), inner)
	}
	delta := graph.ConvertDType(model.Dense(scaled(inner, m.Scale*p.scale), p.param(m.nameB())), y.DType())
	if !p.Config.DoRA {
		return graph.Add(y, delta)
	}
	factor := graph.ConvertDType(graph.ExpandLeftToRank(p.factor(m, p.base(p.weightOf(m))), y.Rank()), y.DType())
	return graph.Mul(factor, graph.Add(y, delta))
}

// factor is l/|W + s B A| of every row, [out]; the norm is constant for gradients (section 4.3 of the DoRA paper). By
// |W + s B A|² = |W|² + 2 s B·(W Aᵀ) + s² B A Aᵀ Bᵀ, row by row, the sum is never built.
func (p *placed) factor(m Module, w *graph.Node) *graph.Node {
	s := m.Scale * p.scale
	a, b := graph.StopGradient(p.param(m.nameA())), graph.StopGradient(p.param(m.nameB()))
	w = graph.StopGradient(graph.ConvertDType(w, dtypes.Float32))
	in := 1
	if m.Embedding {
		in = 0
	}
	own := graph.ReduceSum(graph.Square(w), in)                                                                  // [out]
	cross := graph.DotGeneral(w, []int{in}, nil, a, []int{1}, nil)                                               // [out, rank]
	gram := graph.DotGeneral(a, []int{1}, nil, a, []int{1}, nil)                                                 // [rank, rank]
	inner := graph.Add(scaled(cross, 2*s), scaled(graph.DotGeneral(b, []int{1}, nil, gram, []int{0}, nil), s*s)) // [out, rank]
	norm2 := graph.Add(own, graph.ReduceSum(graph.Mul(b, inner), 1))
	norm := graph.StopGradient(graph.Sqrt(graph.Max(norm2, graph.ScalarZero(norm2.Graph(), dtypes.Float32))))
	return graph.Div(p.param(nameMagnitude(m.Name)), norm)
}

func scaled(x *graph.Node, by float64) *graph.Node {
	if by == 1 {
		return x
	}
	return graph.MulScalar(x, by)
}
