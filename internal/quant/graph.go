package quant

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// Apply makes a scope work on quantised weights: linear layers multiply by them, and whoever asks for such a parameter gets
// it dequantised. It comes before an adapter's Apply.
func (s *Set) Apply(scope *model.Scope) {
	if s.Len() == 0 {
		return
	}
	stored := scope.Param
	scope.Param = func(name string) *graph.Node {
		if spec := s.specs[name]; spec != nil {
			return spec.node(stored, name, nil)
		}
		return stored(name)
	}
	scope.Base = s.Base(stored)
}

// Base makes the function for model.Scope.Base: param gives the nodes of the stored weights by name.
func (s *Set) Base(param func(name string) *graph.Node) func(module string, x *graph.Node) *graph.Node {
	return func(module string, x *graph.Node) *graph.Node {
		name := module + ".weight"
		spec := s.Spec(name)
		if spec == nil {
			return nil
		}
		return model.Frozen(x, func(after *graph.Node) *graph.Node { return spec.node(param, name, after) })
	}
}

// node dequantises: float32 of the matrix's shape, constant for gradients; bfloat16 where x is. It waits for x, so that its
// values live from one use to no other.
func (s *Spec) node(param func(name string) *graph.Node, name string, x *graph.Node) *graph.Node {
	packed, scales := param(name), param(name+".absmax")
	if x != nil {
		packed, scales = model.After(packed, x), model.After(scales, x)
	}
	g := packed.Graph()
	own := func(table *graph.Node) *graph.Node {
		if x == nil {
			return table
		}
		return model.Own(table, x)
	}
	if s.Double {
		scales = perBlock(look(own(graph.Const(g, s.NestedMap[:])), scales), param(name+".nested_absmax"), s.NestedBlock)
		scales = graph.AddScalar(scales, float64(s.Offset))
	}
	// Each byte looks up its two values at once: [bytes, 2].
	w := graph.Reshape(look(own(graph.Const(g, s.pairs())), packed), 2*packed.Shape().Size())
	if n := s.Len(); n < w.Shape().Size() {
		w = graph.Slice(w, graph.AxisRange(0, n))
	}
	w = perBlock(w, scales, s.Block)
	if x != nil && x.DType() == dtypes.BFloat16 && s.DType != safetensors.F16 {
		w = graph.ConvertDType(w, dtypes.BFloat16)
	} else {
		w = s.round(w)
	}
	return graph.StopGradient(graph.Reshape(w, s.Shape...))
}

// look takes the rows of table that the uint8 codes name.
func look(table, codes *graph.Node) *graph.Node {
	return graph.Gather(table, graph.ExpandAxes(graph.ConvertDType(codes, dtypes.Int32), -1))
}

// pairs holds the values of both codes of every byte.
func (s *Spec) pairs() [][]float32 {
	table := make([][]float32, 256)
	for b := range table {
		table[b] = []float32{s.Values[b>>4], s.Values[b&15]}
	}
	return table
}

// perBlock multiplies x [n] by the scale of its block; the last block may be partial.
func perBlock(x, scales *graph.Node, block int) *graph.Node {
	n, count := x.Shape().Size(), scales.Shape().Size()
	column := graph.ExpandAxes(scales, -1)
	if n == count*block {
		return graph.Reshape(graph.Mul(graph.Reshape(x, count, block), column), n)
	}
	each := graph.Reshape(graph.BroadcastToDims(column, count, block), count*block)
	return graph.Mul(x, graph.Slice(each, graph.AxisRange(0, n)))
}

// round gives float32 values the precision of the matrix's own type. Behind a barrier, as compilers take a conversion there
// and back for nothing.
func (s *Spec) round(x *graph.Node) *graph.Node {
	d := dtypes.BFloat16
	switch s.DType {
	case safetensors.F32:
		return x
	case safetensors.F16:
		d = dtypes.Float16
	}
	return graph.ConvertDType(graph.OptimizationBarrier(graph.ConvertDType(x, d)), dtypes.Float32)
}
