package train

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/model"
)

// neftune draws the noise of NEFTune (arXiv:2310.05914) for rows [batch, seq]: uniform within ±alpha/sqrt(L·d) for a row of L
// tokens of width d, [batch, seq, d]; nil without alpha. L is the row's own, as in the paper's code, so that padding changes
// nothing. It also gives the random state that follows.
func neftune(c *model.Config, alpha float64, state, segments *graph.Node) (noise, next *graph.Node) {
	if alpha == 0 {
		return nil, state
	}
	g, d := segments.Graph(), segments.Shape().Dimensions
	lengths := graph.ReduceSum(graph.ConvertDType(graph.NotEqual(segments, graph.ScalarZero(g, segments.DType())), dtypes.Float32), -1)
	most := graph.Div(graph.Scalar(g, dtypes.Float32, alpha/math.Sqrt(float64(c.Hidden))), graph.Sqrt(graph.MaxScalar(lengths, 1)))
	next, u := graph.RandomUniform(state, shapes.Make(dtypes.Float32, d[0], d[1], c.Hidden))
	return graph.Mul(graph.AddScalar(graph.MulScalar(u, 2), -1), graph.Reshape(most, d[0], 1, 1)), next
}

// disturb adds noise to the embeddings. Models that scale them get it behind the scaling, as transformers has it.
func disturb(scope *model.Scope, c *model.Config, noise *graph.Node) {
	if noise == nil {
		return
	}
	before := scope.Adapt
	scope.Adapt = func(module string, x, y *graph.Node) *graph.Node {
		if before != nil {
			y = before(module, x, y)
		}
		if module != model.EmbedModule {
			return y
		}
		return graph.Add(y, graph.ConvertDType(graph.DivScalar(noise, c.EmbedScale), y.DType()))
	}
}
