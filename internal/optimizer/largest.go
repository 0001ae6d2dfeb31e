package optimizer

import (
	"cmp"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Graph is the step of a group of weights, to be compiled without them.
type Graph struct {
	Exec   *graph.Exec
	In     []shapes.Shape
	Beside int64 // bytes of the other groups' weights, gradient sums and state, which lie on the device meanwhile
}

// Largest is the graph of the group of weights that takes most.
func (o *Optimizer) Largest() Graph {
	size := func(g group) int64 { return sizeOf(o.weightShapes(g)) }
	g := slices.MaxFunc(o.groups, func(a, b group) int { return cmp.Compare(size(a), size(b)) })
	beside := 2 * (size(group{to: len(o.weights)}) - size(g))
	if !o.config.Paged {
		beside += o.Bytes() - sizeOf(o.keptShapes(g.from, g.to))
	}
	return Graph{Exec: g.exec, In: o.inputShapes(g), Beside: beside}
}

// inputShapes are the inputs of a group's step.
func (o *Optimizer) inputShapes(g group) []shapes.Shape {
	scalar, weights := shapes.Make(dtypes.Float32), o.weightShapes(g)
	numbers := shapes.Make(dtypes.Float32, g.to-g.from, len(o.rule.scalars(0, 0, 1)))
	return slices.Concat([]shapes.Shape{scalar, scalar, numbers}, weights, weights, o.keptShapes(g.from, g.to))
}

func (o *Optimizer) weightShapes(g group) (all []shapes.Shape) {
	for _, w := range o.weights[g.from:g.to] {
		all = append(all, w.Shape())
	}
	return all
}

func (o *Optimizer) keptShapes(from, to int) (all []shapes.Shape) {
	for _, slots := range o.slots[from:to] {
		for _, s := range slots {
			all = append(all, s.shape())
		}
	}
	return all
}

func sizeOf(list []shapes.Shape) (n int64) {
	for _, s := range list {
		n += int64(s.ByteSize())
	}
	return n
}

// Fresh is the most bytes that a group's step gives anew before what they replace is freed.
func (o *Optimizer) Fresh() (most int64) {
	for _, g := range o.groups {
		most = max(most, sizeOf(o.weightShapes(g))+sizeOf(o.keptShapes(g.from, g.to)))
	}
	return most
}
