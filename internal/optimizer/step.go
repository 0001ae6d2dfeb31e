package optimizer

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Step is what a step works on. Weights and Kept hold the new tensors after it; those that they held are freed.
type Step struct {
	Weights []*tensors.Tensor
	Kept    [][]*tensors.Tensor
	Sums    []*tensors.Tensor // of gradients; they stay the caller's
	Count   float64           // what the sums are divided by
	LR      float64
	Done    int // steps before this one
}

// Move does a step and gives the gradient's norm. Nothing moves where that is not finite.
func (o *Optimizer) Move(s Step) (norm float64, err error) {
	inverse := tensors.FromScalar(float32(1 / s.Count))
	out, err := call(o.norm, append([]*tensors.Tensor{inverse}, s.Sums...))
	if err != nil {
		return 0, fmt.Errorf("gradient norm: %w", err)
	}
	defer free([]*tensors.Tensor{inverse, out[0], out[1]})
	if norm = float64(tensors.ToScalar[float32](out[0])); math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, nil
	}
	for _, g := range o.groups {
		numbers := o.numbers(g, s.LR, s.Done)
		moved, err := call(g.exec, s.inputs(g, inverse, out[1], numbers))
		free([]*tensors.Tensor{numbers})
		if err == nil {
			err = s.replace(g, moved, o.config.Paged)
		}
		if err != nil {
			return 0, fmt.Errorf("update: %w", err)
		}
	}
	return norm, nil
}

// numbers are the scalars of a group's weights, [weights, scalars], in the step after `done` ones.
func (o *Optimizer) numbers(g group, lr float64, done int) *tensors.Tensor {
	var flat []float32
	for _, w := range o.weights[g.from:g.to] {
		decay := float32(0)
		if w.Decays {
			decay = float32(o.config.WeightDecay)
		}
		flat = append(flat, o.rule.scalars(float32(lr)*float32(w.Rate), decay, done+1)...)
	}
	return tensors.FromFlatDataAndDimensions(flat, g.to-g.from, len(flat)/(g.to-g.from))
}

func (s Step) inputs(g group, inverse, clip, numbers *tensors.Tensor) []*tensors.Tensor {
	in := append([]*tensors.Tensor{inverse, clip, numbers}, s.Weights[g.from:g.to]...)
	in = append(in, s.Sums[g.from:g.to]...)
	for _, kept := range s.Kept[g.from:g.to] {
		in = append(in, kept...)
	}
	return in
}

// replace takes what the step of a group computed and frees what it replaces.
func (s Step) replace(g group, out []*tensors.Tensor, paged bool) error {
	free(s.Weights[g.from:g.to])
	n := copy(s.Weights[g.from:g.to], out)
	out = out[n:]
	if paged {
		if err := page(out); err != nil {
			return err
		}
	}
	for _, kept := range s.Kept[g.from:g.to] {
		free(kept)
		out = out[copy(kept, out):]
	}
	return nil
}

// page brings what an optimizer keeps back into the host's memory, so that the device holds the state of one group at most.
// The wrapper has no host memory spaces of the device's own, so whole tensors travel: down before a group's step, up after.
func page(list []*tensors.Tensor) error {
	for i, t := range list {
		host, err := t.LocalClone()
		if err != nil {
			return fmt.Errorf("page out: %w", err)
		}
		t.MustFinalizeAll()
		list[i] = host
	}
	return nil
}

func call(e *graph.Exec, args []*tensors.Tensor) ([]*tensors.Tensor, error) {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	return e.Call(list...)
}

func free(list []*tensors.Tensor) {
	for _, t := range list {
		t.MustFinalizeAll()
	}
}
