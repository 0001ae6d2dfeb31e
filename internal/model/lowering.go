package model

import (
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Two operations that the Go backend does element by element have a form that it does in whole runs of memory. Other
// backends turn these forms into what they are.

// cut takes positions [from, to) of an axis. Not for values that need a gradient.
func cut(x *graph.Node, axis, from, to int) *graph.Node {
	if from == 0 && to == x.Shape().Dim(axis) {
		return x
	}
	// A gather of one slice copies runs; Slice copies elements (four times slower at 3 MB).
	start := graph.Const(x.Graph(), []int32{int32(from)})
	return graph.GatherSlices(x, []int{axis}, start, []int{to - from}, true)
}

// flip swaps the last two axes of [heads, batch, n, m].
func flip(x *graph.Node) *graph.Node {
	d := x.Shape().Dimensions
	if x.Graph().Backend().Name() != goBackend || d[2] < d[3] {
		return graph.TransposeAllAxes(x, 0, 1, 3, 2)
	}
	// Multiplied by the identity (exact: every sum has one term that is not 0) it costs a quarter of the transposition.
	one := graph.ConvertDType(graph.Equal(iota4(x, d[3], 2), iota4(x, d[3], 3)), x.DType())
	return as(mulT(graph.BroadcastToDims(one, d[0], d[1], d[3], d[3]), x), x)
}

// later is After for compilers that drop barriers before they decide an order (XLA on CPU): the others really enter x, times
// zero. It costs a pass over x.
func later(x *graph.Node, others ...*graph.Node) *graph.Node {
	if large(x.Graph()) {
		return After(x, others...)
	}
	return graph.SchedulingBarrier(x, others...)
}

// Own is a shared value for the use of x's layer alone. XLA for GPUs asks of any two users of a value whether they could be one
// kernel, and searches the graph for it: with what all layers share, a third of the time that 32 layers take to compile.
func Own(shared, x *graph.Node) *graph.Node {
	if !large(x.Graph()) {
		return shared
	}
	return After(shared, x)
}

// After is x that is not there before the others are: work on it waits for them. No compiler takes it for the x before.
func After(x *graph.Node, others ...*graph.Node) *graph.Node {
	if x.Graph().Backend().Name() == goBackend {
		return graph.SchedulingBarrier(x, others...) // its optimization barriers order nothing
	}
	return graph.OptimizationBarriers(append([]*graph.Node{x}, others...)...)[0]
}

const goBackend = "Go Backend"

// Large says that few large operations are better than many small ones: on a GPU. Each is a kernel to start, and to compile.
func Large(b compute.Backend) bool { return strings.Contains(b.Description(), "cuda") }

// large is Large for a graph; tests have any backend get the graph of a GPU.
var large = func(g *graph.Graph) bool { return Large(g.Backend()) }

func iota4(x *graph.Node, n, axis int) *graph.Node {
	return graph.Iota(x.Graph(), shapes.Make(dtypes.Int32, 1, 1, n, n), axis)
}

// slice is cut for values that need a gradient.
func slice(x *graph.Node, axis, from, to int) *graph.Node {
	return graph.SliceAxis(x, axis, graph.AxisRange(from, to))
}

// padLast adds zeros before and after on the last axis.
func padLast(x *graph.Node, before, after int) *graph.Node {
	axes := make([]compute.PadAxis, x.Rank())
	axes[x.Rank()-1] = compute.PadAxis{Start: before, End: after}
	return graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), axes...)
}

// along joins parts along an axis.
func along(parts []*graph.Node, axis int) *graph.Node {
	if len(parts) == 1 {
		return parts[0]
	}
	return graph.Concatenate(parts, axis)
}

// maskOf makes what hide takes out of what is visible. The Go backend adds numbers that repeat over the first axis fast;
// XLA would write them out for every head, and does not with a choice.
func maskOf(visible *graph.Node) *graph.Node {
	g := visible.Graph()
	if g.Backend().Name() != goBackend {
		return visible
	}
	return graph.Where(visible, graph.Scalar(g, dtypes.Float32, 0), graph.Scalar(g, dtypes.Float32, masked))
}

// hide masks scores [heads, batch, queries, keys].
func hide(score, mask *graph.Node) *graph.Node {
	if mask.DType() != dtypes.Bool {
		return graph.Add(score, mask)
	}
	return graph.Where(graph.BroadcastToDims(mask, score.Shape().Dimensions...), score, graph.Scalar(score.Graph(), score.DType(), masked))
}

// written is x [..., n] computed once for all that use it. XLA computes what seems cheap anew in every use, also behind a
// barrier, and on a CPU sines are not: 7 % of a training step. It does not do so with a product, here by the identity (exact:
// every sum has one term that is not 0; GPUs might round it).
func written(x *graph.Node) *graph.Node {
	if b := x.Graph().Backend(); b.Name() == goBackend || !strings.Contains(b.Description(), "cpu") {
		return x
	}
	n := x.Shape().Dim(-1)
	one := graph.ConvertDType(graph.Equal(iota4(x, n, 2), iota4(x, n, 3)), x.DType())
	return graph.DotGeneral(x, []int{x.Rank() - 1}, nil, graph.Reshape(one, n, n), []int{0}, nil)
}
