package optimizer

import (
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/quant"
)

// adamw8bit is AdamW whose moments lie in 8 bits, block by block (arXiv:2110.02861), as bitsandbytes computes it: decay
// first, then p -= lr·sqrt(c2)/c1 · m/(sqrt(v) + eps·sqrt(c2)) by the new moments before they are rounded. Small tensors
// and, as transformers asks it to, embeddings keep float32.
type adamw8bit struct{ Config }

func (o adamw8bit) small(weight string, size int) bool {
	return size < quant.Small || strings.HasSuffix(weight, "embed_tokens.weight") || strings.HasSuffix(weight, "embed_tokens.modules_to_save.weight")
}

func (o adamw8bit) keeps(weight string, dims []int) []slot {
	n := shapes.Make(dtypes.Float32, dims...).Size()
	if o.small(weight, n) {
		return floats(dims, "mean", "square")
	}
	blocks := (n + quant.Block8 - 1) / quant.Block8
	codes, scales := []int{blocks, quant.Block8}, []int{blocks}
	return []slot{{"mean", dtypes.Uint8, codes}, {"mean_absmax", dtypes.Float32, scales}, {"square", dtypes.Uint8, codes}, {"square_absmax", dtypes.Float32, scales}}
}

func (o adamw8bit) scalars(lr, decay float32, step int) []float32 {
	n, rate := float64(step), float64(lr)
	root := math.Sqrt(1 - math.Pow(o.Beta2, n))
	return []float32{float32(rate * root / (1 - math.Pow(o.Beta1, n))), float32(o.Eps * root), float32(1 - rate*float64(decay))}
}

func (o adamw8bit) move(w, g *graph.Node, scalars, kept []*graph.Node) (*graph.Node, []*graph.Node) {
	if len(kept) == 2 {
		w, mean, square := o.step(w, g, kept[0], kept[1], scalars)
		return w, []*graph.Node{mean, square}
	}
	blocks := kept[0].Shape().Dim(0)
	moved, mean, square := o.step(inBlocks(w, blocks), inBlocks(g, blocks), quant.Signed.Node(kept[0], kept[1]), quant.Unsigned.Node(kept[2], kept[3]), scalars)
	n := w.Shape().Size()
	w = graph.Reshape(graph.Slice(graph.Reshape(moved, blocks*quant.Block8), graph.AxisRange(0, n)), w.Shape().Dimensions...)
	m, mMax := quant.Signed.Codes(mean)
	s, sMax := quant.Unsigned.Codes(square)
	return w, []*graph.Node{m, mMax, s, sMax}
}

func (o adamw8bit) step(w, g, mean, square *graph.Node, scalars []*graph.Node) (_, _, _ *graph.Node) {
	rate, eps, decay := scalars[0], scalars[1], scalars[2]
	mean = graph.Add(graph.MulScalar(mean, o.Beta1), graph.MulScalar(g, 1-o.Beta1))
	square = graph.Add(graph.MulScalar(square, o.Beta2), graph.Mul(graph.MulScalar(g, 1-o.Beta2), g))
	w = graph.Sub(graph.Mul(w, decay), graph.Mul(rate, graph.Div(mean, graph.Add(graph.Sqrt(square), eps))))
	return w, mean, square
}

// inBlocks lays a tensor into rows of 256, the last filled up with zeros.
func inBlocks(x *graph.Node, blocks int) *graph.Node {
	n := x.Shape().Size()
	x = graph.Reshape(x, n)
	if fill := blocks*quant.Block8 - n; fill > 0 {
		x = graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), graph.PadAxis{End: fill})
	}
	return graph.Reshape(x, blocks, quant.Block8)
}
