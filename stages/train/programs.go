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
// They are the training's own, built from shapes: no weight is read, drawn or held. layers is how many of the model's layers
// they have, 0 all; whether layers are computed again is decided by the whole model all the same.
func Programs(file *config.File, m *model.Model, layers, length int, b compute.Backend) ([]target.Program, error) {
	s := defaults()
	if err := file.Decode(Stage.Name, &s); err != nil {
		return nil, err
	}
	dtype := s.computing("xla:cuda")
	s.Remat = map[bool]string{true: "on", false: "off"}[s.recomputes(m, length, dtype, true)]
	if layers > 0 {
		var err error
		if m, err = m.First(layers); err != nil {
			return nil, err
		}
	}
	o, err := s.outline(m, length, dtype, b)
	if err != nil {
		return nil, err
	}
	gradients, in := o.first, o.gradientShapes(s.Batch.Rows, length)
	if s.Batch.Accumulate > 1 { // adds to the sums of the micro-batches before
		gradients, in = o.more, append(in, o.trained...)
	}
	update := o.optimizer.Largest() // the gradients' norm, which comes before, reads the sums alone
	return []target.Program{
		{Name: "gradients", Beside: o.optimizer.Resident(), Compile: compiling(gradients, in)},
		{Name: "update", Beside: sizeOf(o.base) + update.Beside, Compile: compiling(update.Exec, update.In)},
	}, nil
}

// outlined is a program with the shapes of what it works on.
type outlined struct {
	*program
	trained, base []shapes.Shape // weights that train, and those that do not
}

func (s Settings) outline(m *model.Model, length int, dtype dtypes.DType, b compute.Backend) (*outlined, error) {
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
	o.obey(s, length, dtype)
	for _, p := range m.Parameters() {
		switch {
		case a == nil:
			o.trained = append(o.trained, p.GraphShape())
		case set.Spec(p.Name) != nil:
			o.base = append(o.base, set.Shapes(p.Name)...)
		default:
			o.base = append(o.base, shapes.Make(o.compute, p.Shape...))
		}
	}
	return o, nil
}

// gradientShapes are the inputs of a window's first gradients.
func (o *outlined) gradientShapes(rows, length int) []shapes.Shape {
	block, each := shapes.Make(dtypes.Int32, rows, length), shapes.Make(dtypes.Int32, rows*length)
	in := []shapes.Shape{block, block, block, each, each, graph.RNGStateShape}
	if o.pref != nil { // as many answers as a block can be of: one pair, or one judged answer
		n := shapes.Make(dtypes.Float32, (2*rows+answerStep-1)/answerStep*answerStep)
		in = append(in, each, shapes.Make(dtypes.Float32, rows*length), n, n, n, shapes.Make(dtypes.Float32))
	}
	return append(append(in, o.trained...), o.base...)
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
