package train

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/config"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/target"
)

// Programs are what a training by the section train of a file runs over and over, made for a backend that only compiles:
// the gradients of one micro-batch of blocks of `length` tokens, of which every one is trained, and the optimizer's step.
// They are the training's own, built from shapes: no weight is read, drawn or held.
func Programs(file *config.File, m *model.Model, length int, b compute.Backend) ([]target.Program, error) {
	s := defaults()
	if err := file.Decode(Stage.Name, &s); err != nil {
		return nil, err
	}
	o, err := s.outline(m, b)
	if err != nil {
		return nil, err
	}
	gradients, in := o.first, o.gradientShapes(s.Batch.Rows, length)
	if s.Batch.Accumulate > 1 { // adds to the sums of the micro-batches before
		gradients, in = o.more, append(in, o.trained...)
	}
	return []target.Program{
		{Name: "gradients", Beside: sizeOf(o.kept), Compile: compiling(gradients, in)},
		{Name: "update", Beside: sizeOf(o.base), Compile: compiling(o.update, o.updateShapes())},
	}, nil
}

// outlined is a program with the shapes of what it works on.
type outlined struct {
	*program
	trained, base, kept []shapes.Shape // weights that train, those that do not, and the optimizer's state
}

func (s Settings) outline(m *model.Model, b compute.Backend) (*outlined, error) {
	o := &outlined{}
	set := &quant.Set{}
	var a *lora.Adapter
	var err error
	if s.Mode == "lora" {
		if a, err = lora.Outline(m, s.LoRA); err != nil {
			return nil, err
		}
		s.Quant.Outline(set, m)
		o.trained = a.Shapes()
	}
	if o.program, err = newProgram(m, a, s.Optimizer, b); err != nil {
		return nil, err
	}
	o.on(set)
	for _, p := range m.Parameters() {
		switch {
		case a == nil:
			o.trained = append(o.trained, p.GraphShape())
		case set.Spec(p.Name) != nil:
			o.base = append(o.base, set.Shapes(p.Name)...)
		default:
			o.base = append(o.base, p.GraphShape())
		}
	}
	o.kept = append(append(o.kept, o.trained...), o.trained...) // means and squares
	return o, nil
}

// gradientShapes are the inputs of a window's first gradients.
func (o *outlined) gradientShapes(rows, length int) []shapes.Shape {
	block, each := shapes.Make(dtypes.Int32, rows, length), shapes.Make(dtypes.Int32, rows*length)
	in := []shapes.Shape{block, block, block, each, each, graph.RNGStateShape}
	return append(append(in, o.trained...), o.base...)
}

func (o *outlined) updateShapes() []shapes.Shape {
	var in []shapes.Shape
	for range updateInputs {
		in = append(in, shapes.Make(dtypes.Float32))
	}
	return append(append(append(in, o.trained...), o.trained...), o.kept...)
}

func compiling(e *graph.Exec, in []shapes.Shape) func() error {
	return func() error {
		_, err := e.Compile(in...)
		e.Finalize()
		return err
	}
}

func sizeOf(list []shapes.Shape) (n int64) {
	for _, s := range list {
		n += int64(s.ByteSize())
	}
	return n
}
