package generate

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
)

// With is a generator of the same model over other weights, with another adapter (nil: none) and other weights in 4 bits. Where only
// their values differ from g's, as those of another seed do, it runs g's programs and compiles nothing: g is closed last, and of all
// that share programs one answers at a time. Else it has its own.
func (g *Generator) With(w model.Weights, a *lora.Adapter, q *quant.Set) (*Generator, error) {
	p, o := g.programs, g.options
	o.Quant = q
	other := &programs{}
	if err := other.hold(w, a); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	if !p.adapter.Alike(a) || !samePacking(p.quant, q) || !slices.Equal(p.names, other.names) || !slices.EqualFunc(p.weights, other.weights, sameShape) {
		return New(p.model, w, a, p.backend, o)
	}
	shared := *p
	shared.weights, shared.lent = other.weights, true
	with := *g
	with.programs, with.options = &shared, o
	return &with, nil
}

// samePacking: what is in 4 bits is a part of the graph, with its constants.
func samePacking(a, b *quant.Set) bool { return a == b || a.Len() == 0 && b.Len() == 0 }

func sameShape(a, b any) bool {
	x, y := a.(*tensors.Tensor), b.(*tensors.Tensor)
	return x.Shape().Equal(y.Shape())
}
