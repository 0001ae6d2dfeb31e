package train

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/lora"
	"fettle/internal/model"
)

// dropout sets inputs of the adapters to zero at random and scales up the rest; nil when there is none.
func (p *program) dropout(scope *model.Scope, state *graph.Node) lora.Dropout {
	if p.adapter == nil || p.adapter.Config.Dropout == 0 {
		return nil
	}
	rate := p.adapter.Config.Dropout
	type place struct {
		module string
		part   int
	}
	states := map[place]*graph.Node{} // where each place's numbers begin, to draw them again
	return func(module string, x *graph.Node) *graph.Node {
		at := place{module, scope.Part()}
		begin := states[at]
		if begin == nil {
			begin = state
			states[at] = begin
		}
		next, u := graph.RandomUniform(model.After(begin, x), shapes.Make(dtypes.Float32, x.Shape().Dimensions...))
		if begin == state {
			state = next
		}
		keep := graph.ConvertDType(graph.GreaterOrEqual(u, graph.Scalar(x.Graph(), dtypes.Float32, rate)), x.DType())
		return graph.MulScalar(graph.Mul(x, keep), 1/(1-rate))
	}
}
