package model

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// rotation holds cos and sin tables [batch, seq, 1, dim/2] of the position encodings that a graph uses, each built once.
type rotation struct {
	config    *Config
	positions *graph.Node // int32 [batch or 1, seq]
	tables    map[*Rope][2]*graph.Node
}

func newRotation(c *Config, positions *graph.Node) *rotation {
	return &rotation{config: c, positions: positions, tables: map[*Rope][2]*graph.Node{}}
}

// sequence counts positions [1, seq] from 0.
func sequence(g *graph.Graph, seq int) *graph.Node {
	return graph.Iota(g, shapes.Make(dtypes.Int32, 1, seq), 1)
}

func (r *rotation) table(rope *Rope) (cos, sin *graph.Node) {
	if t, ok := r.tables[rope]; ok {
		return t[0], t[1]
	}
	g := r.positions.Graph()
	short, long := rope.InvFreq()
	inv := constant(g, short)
	if long != nil { // one choice for the whole batch, as transformers makes it
		beyond := graph.GreaterOrEqual(graph.ReduceAllMax(r.positions), graph.Scalar(g, dtypes.Int32, rope.Original))
		inv = graph.Where(beyond, constant(g, long), inv)
	}
	d := r.positions.Shape().Dimensions
	angle := graph.Mul(graph.ConvertDType(graph.Reshape(r.positions, d[0], d[1], 1, 1), dtypes.Float32), graph.ExpandLeftToRank(inv, 4))
	cos, sin = graph.Cos(angle), graph.Sin(angle)
	if rope.AttnScale != 1 {
		cos, sin = graph.MulScalar(cos, rope.AttnScale), graph.MulScalar(sin, rope.AttnScale)
	}
	r.tables[rope] = [2]*graph.Node{cos, sin}
	return cos, sin
}

func constant(g *graph.Graph, values []float64) *graph.Node {
	f := make([]float32, len(values))
	for i, v := range values {
		f[i] = float32(v)
	}
	return graph.ConstTensor(g, tensors.FromFlatDataAndDimensions(f, len(f)))
}

// rotate turns the pairs of x [batch, seq, heads, head] by their positions' angles. Interleaved pairs come out as halves:
// q and k are permuted alike, so their products are the same.
func (r *rotation) rotate(layer int, x *graph.Node) *graph.Node {
	rope := r.config.Layers[layer].Rope
	if rope == nil {
		return x
	}
	cos, sin := r.table(rope)
	if cos.DType() != x.DType() {
		cos, sin = graph.ConvertDType(cos, x.DType()), graph.ConvertDType(sin, x.DType())
	}
	half, head := rope.Dim/2, x.Shape().Dim(-1)
	cut := func(from, to int) *graph.Node { return graph.SliceAxis(x, -1, graph.AxisRange(from, to)) }
	a, b := cut(0, half), cut(half, rope.Dim)
	if r.config.Interleaved {
		d := x.Shape().Dimensions
		pairs := graph.Reshape(cut(0, rope.Dim), d[0], d[1], d[2], half, 2)
		a, b = graph.Squeeze(graph.SliceAxis(pairs, -1, graph.AxisRange(0, 1)), -1), graph.Squeeze(graph.SliceAxis(pairs, -1, graph.AxisRange(1, 2)), -1)
	}
	parts := []*graph.Node{graph.Sub(graph.Mul(a, cos), graph.Mul(b, sin)), graph.Add(graph.Mul(b, cos), graph.Mul(a, sin))}
	if rope.Dim < head {
		parts = append(parts, cut(rope.Dim, head))
	}
	return graph.Concatenate(parts, -1)
}
