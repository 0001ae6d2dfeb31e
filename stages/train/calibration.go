package train

import (
	"context"
	"fmt"
	"maps"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/quant"
)

// calibration runs a model on blocks, one at a time.
type calibration struct {
	model   *model.Model
	backend compute.Backend
	modules []string
}

// each runs the graph over the blocks and adds its outputs up. In: the batch, then the weights by the given names.
func (c *calibration) each(ctx context.Context, d *data, names []string, w model.Weights, build func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node) ([][]float64, int, error) {
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
	for _, name := range names {
		if w[name] == nil {
			return nil, 0, fmt.Errorf("calibrate: weight %s is missing", name)
		}
		weights = append(weights, w[name])
	}
	var sums [][]float64
	tokens := 0
	for i := range d.blocks {
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		m := d.micro([]int{i}, 1)
		out, err := outputs(exec, m, weights)
		if err == nil {
			sums, err = addUp(sums, out)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("calibrate: %w", err)
		}
		tokens += m.trained
	}
	return sums, tokens, nil
}

// addUp adds tensors to their sums, which may not be there yet, and frees them.
func addUp(sums [][]float64, out []*tensors.Tensor) ([][]float64, error) {
	defer free(out)
	for k, t := range out {
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, err
		}
		if k == len(sums) {
			sums = append(sums, make([]float64, len(values)))
		}
		for j, v := range values {
			sums[k][j] += float64(v)
		}
	}
	return sums, nil
}

// compare gives the loss per trained token of each base.
func (c *calibration) compare(ctx context.Context, bases map[string]loaded, d *data) (map[string]float64, error) {
	losses := map[string]float64{}
	for name, b := range bases {
		var err error
		if losses[name], err = c.loss(ctx, b.weights, b.set, d); err != nil {
			return nil, err
		}
	}
	return losses, nil
}

// loss per trained token.
func (c *calibration) loss(ctx context.Context, w model.Weights, set *quant.Set, d *data) (float64, error) {
	var names []string
	for _, p := range c.model.Parameters() {
		names = append(names, set.Names(p.Name)...)
	}
	sums, tokens, err := c.each(ctx, d, names, w, func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node {
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
	both := maps.Clone(full)
	for _, module := range c.modules {
		for _, name := range set.Names(module + ".weight") {
			both[quantised+name] = packed[name]
			names = append(names, quantised+name)
		}
	}
	sums, tokens, err := c.each(ctx, d, names, both, func(batch []*graph.Node, nodes map[string]*graph.Node) []*graph.Node {
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
