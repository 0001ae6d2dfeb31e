package model

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// rotation applies position encodings; the tables of each are built once a graph.
//
// Rotating the pairs of x is x·cos + (x P)·sin, where P swaps the two of a pair and negates one: one formula for halves,
// neighbours and partly rotated heads, without cutting x into pieces.
type rotation struct {
	config    *Config
	positions *graph.Node // int32 [batch or 1, seq]
	tables    map[tableKey]rotationTable
	swaps     map[int]*graph.Node // P transposed, by rotated dimensions
}

type tableKey struct {
	rope  *Rope
	scale float64
}

// rotationTable holds cos and sin [1, batch or 1, seq, head], times a scale.
type rotationTable struct{ cos, sin *graph.Node }

func newRotation(c *Config, positions *graph.Node) *rotation {
	return &rotation{config: c, positions: positions, tables: map[tableKey]rotationTable{}, swaps: map[int]*graph.Node{}}
}

// sequence counts positions [1, seq] from 0.
func sequence(g *graph.Graph, seq int) *graph.Node {
	return graph.Iota(g, shapes.Make(dtypes.Int32, 1, seq), 1)
}

// rotate encodes the positions into x [heads, batch, seq, head] and multiplies by scale.
func (r *rotation) rotate(layer int, x *graph.Node, scale float64) *graph.Node {
	rope := r.config.Layers[layer].Rope
	if rope == nil {
		if scale == 1 {
			return x
		}
		return graph.MulScalar(x, scale)
	}
	t := r.table(rope, scale)
	swapped := dotT(x, r.swap(rope.Dim))
	cos, sin := as(Own(lastOf(t.cos, x), x), x), as(Own(lastOf(t.sin, x), x), x)
	return graph.Add(graph.Mul(x, cos), graph.Mul(swapped, sin))
}

// lastOf takes as many of the last positions of a table as x has: queries may be fewer than keys.
func lastOf(table, x *graph.Node) *graph.Node {
	n := table.Shape().Dim(2)
	return cut(table, 2, n-x.Shape().Dim(2), n)
}

func (r *rotation) table(rope *Rope, scale float64) rotationTable {
	key := tableKey{rope, scale}
	if t, ok := r.tables[key]; ok {
		return t
	}
	g := r.positions.Graph()
	short, long := rope.InvFreq()
	inv := constant(g, r.spread(short, rope.Dim))
	if long != nil { // one choice for the whole batch, as transformers makes it
		beyond := graph.GreaterOrEqual(graph.ReduceAllMax(r.positions), graph.Scalar(g, dtypes.Int32, rope.Original))
		inv = graph.Where(beyond, constant(g, r.spread(long, rope.Dim)), inv)
	}
	if rope.Type == "dynamic" {
		inv = graph.Mul(inv, r.stretch(rope))
	}
	d := r.positions.Shape().Dimensions
	angle := graph.Mul(graph.ConvertDType(graph.Reshape(r.positions, 1, d[0], d[1], 1), dtypes.Float32), graph.ExpandLeftToRank(inv, 4))
	// Dimensions that are not rotated have angle 0; longrope's factor must not reach them.
	size := make([]float64, r.config.HeadDim)
	for i := range size {
		size[i] = scale
		if i < rope.Dim {
			size[i] *= rope.AttnScale
		}
	}
	factor := graph.ExpandLeftToRank(constant(g, size), 4)
	t := rotationTable{written(graph.Mul(graph.Cos(angle), factor)), written(graph.Mul(graph.Sin(angle), factor))}
	r.tables[key] = t
	return t
}

// stretch is what dynamic NTK multiplies the angles by, per dimension of a head: the base grows with the longest position of the
// batch, as in transformers, by s^(d/(d-2)) for s = factor·length/original - (factor-1), so the angle of pair i by s^(-2i/(d-2)).
func (r *rotation) stretch(rope *Rope) *graph.Node {
	power := make([]float64, rope.Dim/2)
	for i := range power {
		power[i] = -2 * float64(i) / float64(rope.Dim-2)
	}
	length := graph.AddScalar(graph.ConvertDType(graph.ReduceAllMax(r.positions), dtypes.Float32), 1)
	length = graph.MaxScalar(length, float64(rope.Original))
	s := graph.AddScalar(graph.MulScalar(length, rope.Factor/float64(rope.Original)), 1-rope.Factor)
	return graph.Exp(graph.Mul(constant(r.positions.Graph(), r.spread(power, rope.Dim)), graph.Log(s)))
}

// partner is the other dimension of i's pair and the sign that i's partner gets in the rotated i.
func (r *rotation) partner(i, dim int) (int, float32) {
	switch {
	case r.config.Interleaved && i%2 == 0:
		return i + 1, -1
	case r.config.Interleaved:
		return i - 1, 1
	case i < dim/2:
		return i + dim/2, -1
	}
	return i - dim/2, 1
}

// spread gives every dimension of a head the frequency of its pair, 0 where it is not rotated.
func (r *rotation) spread(inv []float64, dim int) []float64 {
	out := make([]float64, r.config.HeadDim)
	for i := range dim {
		pair := i % (dim / 2)
		if r.config.Interleaved {
			pair = i / 2
		}
		out[i] = inv[pair]
	}
	return out
}

// swap is P [head, head].
func (r *rotation) swap(dim int) *graph.Node {
	if n, ok := r.swaps[dim]; ok {
		return n
	}
	head := r.config.HeadDim
	p := make([]float32, head*head)
	for i := range dim {
		j, sign := r.partner(i, dim)
		p[i*head+j] = sign
	}
	n := graph.ConstTensor(r.positions.Graph(), tensors.FromFlatDataAndDimensions(p, head, head))
	r.swaps[dim] = n
	return n
}

func constant(g *graph.Graph, values []float64) *graph.Node {
	f := make([]float32, len(values))
	for i, v := range values {
		f[i] = float32(v)
	}
	return graph.ConstTensor(g, tensors.FromFlatDataAndDimensions(f, len(f)))
}

func invSqrt(x float64) float64 { return 1 / math.Sqrt(x) }
