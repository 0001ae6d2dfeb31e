package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/quant"
)

// choice is which matrices stay in 16 bits, and what that buys: quant.json of the artifact.
type choice struct {
	Bits    float64             `json:"bits"` // mean over the matrices
	Kept    []string            `json:"kept"`
	Losses  map[string]float64  `json:"losses"` // nats per trained token on the calibration blocks: plain, nf4, chosen
	Held    map[string]float64  `json:"held_losses,omitempty"`
	Modules []quant.Sensitivity `json:"modules"`
}

const calibrationBlocks = 8

// choose measures what NF4 does to each matrix on some training blocks and settles the recipe. It is done once: a training
// that goes on reads what was chosen.
func (f *fitting) choose(ctx context.Context) (*choice, error) {
	path := filepath.Join(f.job.Work, "quant.json")
	c := &choice{}
	if raw, err := os.ReadFile(path); err == nil && json.Unmarshal(raw, c) == nil {
		return c, nil
	}
	r := f.job.Settings.Quant
	full, set := quant.Set{}, quant.Set{}
	w, err := f.model.LoadWith(quant.Plain().Loader(&full), f.dir)
	if err != nil {
		return nil, err
	}
	if full.Len() > 0 {
		return nil, errors.New("quant.bits: the base is stored in 4 bits already: there is nothing to choose")
	}
	packed, err := f.model.LoadWith(r.Loader(&set), f.dir)
	if err != nil {
		return nil, err
	}
	n := r.Calibrate
	if n == 0 {
		n = calibrationBlocks
	}
	cal := &calibration{model: f.model, backend: f.backend.Backend, modules: r.Modules(f.model)}
	sample := f.data.sample(n)
	f.job.Progress.Say("bits %.2f: measures %d matrices on %d blocks", r.Bits, len(cal.modules), len(sample.blocks))
	if c.Modules, err = cal.measure(ctx, w, packed, &set, sample); err != nil {
		return nil, err
	}
	c.Kept, c.Bits = r.Choose(c.Modules)
	mixed := quant.Set{}
	chosen, err := f.model.LoadWith(r.Keeping(c.Kept).Loader(&mixed), f.dir)
	if err != nil {
		return nil, err
	}
	c.Losses, c.Held = map[string]float64{}, nil
	if f.held != nil {
		c.Held = map[string]float64{}
	}
	for _, b := range []struct {
		name string
		w    model.Weights
		set  *quant.Set
	}{{"plain", w, &full}, {"nf4", packed, &set}, {"chosen", chosen, &mixed}} {
		if c.Losses[b.name], err = cal.loss(ctx, b.w, b.set, sample); err != nil {
			return nil, err
		}
		if f.held != nil {
			if c.Held[b.name], err = cal.loss(ctx, b.w, b.set, f.held); err != nil {
				return nil, err
			}
		}
	}
	f.job.Progress.Say("%d of %d matrices stay in 16 bits, %.2f bits a weight: loss %.4f plain, %.4f nf4, %.4f so", len(c.Kept), len(c.Modules), c.Bits, c.Losses["plain"], c.Losses["nf4"], c.Losses["chosen"])
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	return c, os.WriteFile(path, append(raw, '\n'), 0o644)
}

// writeChoice lays the choice down in the artifact and sums it up for the report.
func (f *fitting) writeChoice() error {
	if f.choice == nil {
		return nil
	}
	path, err := f.job.File("quant.json")
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(f.choice, "", "  ")
	if err != nil {
		return err
	}
	c := f.choice
	f.job.Figure("quant", map[string]any{"bits": c.Bits, "kept": c.Kept, "matrices": len(c.Modules), "losses": c.Losses, "held_losses": c.Held})
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// sample are n blocks, evenly spread.
func (d *data) sample(n int) *data {
	out := &data{ids: d.ids, length: d.length}
	n = min(n, len(d.blocks))
	for i := range n {
		out.blocks = append(out.blocks, d.blocks[i*len(d.blocks)/n])
	}
	return out
}

// calibration runs a model on blocks, one at a time.
type calibration struct {
	model   *model.Model
	backend compute.Backend
	modules []string
}

// each runs the graph over the blocks and adds its outputs up. In: the batch, then the weights by the given names.
func (c *calibration) each(ctx context.Context, d *data, names []string, w []model.Weights, build func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node) ([][]float64, int, error) {
	exec, err := graph.NewExec(c.backend, func(in []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = in[batchInputs+i]
		}
		return build(in[:batchInputs], nodes)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("calibrate: %w", err)
	}
	defer exec.Finalize()
	exec.SetMaxCache(-1)
	var weights []*tensors.Tensor
	for _, list := range w {
		for _, name := range names[len(weights):] {
			if t := list[name]; t != nil {
				weights = append(weights, t)
				continue
			}
			break
		}
	}
	if len(weights) != len(names) {
		return nil, 0, fmt.Errorf("calibrate: weight %s is missing", names[len(weights)])
	}
	var sums [][]float64
	tokens := 0
	for i := range d.blocks {
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		m := d.micro([]int{i}, 1)
		batch, err := batchTensors(m, 0)
		if err != nil {
			return nil, 0, err
		}
		out, err := call(exec, append(batch[:batchInputs:batchInputs], weights...))
		if err != nil {
			return nil, 0, fmt.Errorf("calibrate: %w", err)
		}
		for k, t := range out {
			values, err := tensors.CopyFlatData[float32](t)
			if err != nil {
				return nil, 0, err
			}
			if k == len(sums) {
				sums = append(sums, make([]float64, len(values)))
			}
			for j, v := range values {
				sums[k][j] += float64(v)
			}
		}
		free(out)
		free(batch)
		tokens += m.trained
	}
	return sums, tokens, nil
}

// loss per trained token.
func (c *calibration) loss(ctx context.Context, w model.Weights, set *quant.Set, d *data) (float64, error) {
	var names []string
	for _, p := range c.model.Parameters() {
		names = append(names, set.Names(p.Name)...)
	}
	sums, tokens, err := c.each(ctx, d, names, []model.Weights{w}, func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node {
		scope := &model.Scope{Param: model.ParamsOf(nodes)}
		set.Apply(scope)
		return []*graph.Node{graph.ReduceAllSum(c.losses(scope, batch))}
	})
	if err != nil {
		return 0, err
	}
	return sums[0][0] / float64(max(tokens, 1)), nil
}

func (c *calibration) losses(scope *model.Scope, batch []*graph.Node) *graph.Node {
	hidden := c.model.Hidden(scope, model.Batch{Tokens: batch[0], Positions: batch[1], Segments: batch[2]})
	return c.model.TokenLoss(scope, model.Select(hidden, batch[3]), batch[4])
}

// measure runs the plain model and, beside every product y = W x, the same with W in 4 bits. Where the loss has the gradient
// g, the error e = (Wq-W) x costs about (g·e)²/2 (the empirical Fisher information stands in for the curvature).
func (c *calibration) measure(ctx context.Context, full, packed model.Weights, set *quant.Set, d *data) ([]quant.Sensitivity, error) {
	const quantised = "nf4 " // stands before the names of the weights in 4 bits
	var names []string
	for _, p := range c.model.Parameters() {
		names = append(names, p.Name)
	}
	both := model.Weights{}
	for _, module := range c.modules {
		for _, name := range set.Names(module + ".weight") {
			both[quantised+name] = packed[name]
			names = append(names, quantised+name)
		}
	}
	sums, tokens, err := c.each(ctx, d, names, []model.Weights{full, both}, func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node {
		param := model.ParamsOf(nodes)
		rough := set.Base(func(name string) *graph.Node { return param(quantised + name) })
		product, wrong := map[string]*graph.Node{}, map[string]*graph.Node{}
		scope := &model.Scope{Param: param, Base: func(module string, x *graph.Node) *graph.Node {
			y := rough(module, graph.StopGradient(x))
			if y == nil {
				return nil
			}
			product[module] = model.Dense(x, graph.StopGradient(param(module+".weight")))
			wrong[module] = graph.StopGradient(graph.Sub(y, product[module]))
			return product[module]
		}}
		total := graph.ReduceAllSum(c.losses(scope, batch))
		var outputs []*graph.Node
		for _, module := range c.modules {
			outputs = append(outputs, product[module])
		}
		real := graph.ConvertDType(graph.NotEqual(batch[2], graph.ScalarZero(batch[2].Graph(), batch[2].DType())), dtypes.Float32)
		real = graph.Reshape(real, real.Shape().Size(), 1) // [rows, 1]: padding does not count
		var costs, errs, sizes []*graph.Node
		for i, g := range graph.Gradient(total, outputs...) {
			e := graph.Mul(wrong[c.modules[i]], real)
			costs = append(costs, graph.ReduceAllSum(graph.Square(graph.ReduceSum(graph.Mul(g, e), -1))))
			errs = append(errs, graph.ReduceAllSum(graph.Square(e)))
			sizes = append(sizes, graph.ReduceAllSum(graph.Square(graph.Mul(outputs[i], real))))
		}
		return []*graph.Node{graph.Stack(costs, 0), graph.Stack(errs, 0), graph.Stack(sizes, 0)}
	})
	if err != nil {
		return nil, err
	}
	out := make([]quant.Sensitivity, len(c.modules))
	for i, module := range c.modules {
		out[i] = quant.Sensitivity{Module: module, Weights: int64(set.Spec(module + ".weight").Len()), Error: sums[1][i] / max(sums[2][i], 1e-30), Cost: sums[0][i] / 2 / float64(max(tokens, 1))}
	}
	return out, nil
}
