package train

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
)

// compile makes the programs of a step, by its first micro-batch, before any of them runs. What compiling leaves free is in
// pieces: temporaries would not fit into it, and a program compiled between two steps would sit where the first one's were, so
// that the heap held them twice.
func (t *training) compile(m *micro) error {
	batch, err := batchTensors(m, 0)
	if err != nil {
		return err
	}
	defer free(batch)
	in := append(append(shapesIn(batch), shapesIn(t.state.weights)...), shapesIn(t.frozen)...)
	if _, err := t.program.first.Compile(in...); err != nil {
		return t.program.explain(fmt.Errorf("compile gradients: %w", err), m.rows, m.length, len(m.targets))
	}
	if t.settings.Batch.Accumulate > 1 {
		if _, err := t.program.more.Compile(append(in, shapesIn(t.state.weights)...)...); err != nil {
			return t.program.explain(fmt.Errorf("compile gradients: %w", err), m.rows, m.length, len(m.targets))
		}
	}
	if err := t.program.optimizer.Compile(); err != nil {
		return err
	}
	backend.GiveBack()
	t.compiled = true
	return nil
}

func shapesIn(list []*tensors.Tensor) []shapes.Shape {
	all := make([]shapes.Shape, len(list))
	for i, t := range list {
		all[i] = t.Shape()
	}
	return all
}
