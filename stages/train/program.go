package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/optimizer"
	"fettle/internal/quant"
)

// program is the compiled mathematics of training: one graph that adds a micro-batch's gradients up, and the optimizer's.
type program struct {
	model     *model.Model
	adapter   *lora.Adapter // nil: all weights train
	optimizer *optimizer.Optimizer
	trainable []string // names, in a fixed order
	frozen    []string
	quant     *quant.Set // nil: the frozen weights are plain floats
	pref      preference // nil: objective sft
	backend   compute.Backend
	compute   dtypes.DType // of activations; the zero value is Float32
	remat     bool         // layers are computed again in the backward pass

	noise float64 // of the embeddings (NEFTune); 0 = none

	first, more *graph.Exec  // gradients of a window's first micro-batch, and of a further one
	forward     *graph.Exec  // losses without training: of held-out rows, of a reference
	add         *graph.Exec  // sums of two devices
	graph       *graph.Graph // of the last gradients
}

func newProgram(m *model.Model, a *lora.Adapter, c optimizer.Config, b compute.Backend) (*program, error) {
	p := &program{model: m, adapter: a, backend: b}
	moving := wholeModel(m)
	if a != nil {
		p.frozen, moving = names(moving), adapted(a, c.LR)
	}
	p.trainable = names(moving)
	var err error
	if p.optimizer, err = optimizer.New(c, moving, b); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if p.first, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return p.gradients(in, false) }); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if p.more, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return p.gradients(in, true) }); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if p.forward, err = graph.NewExec(b, p.evaluated); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if p.add, err = graph.NewExec(b, buildAdd); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	for _, e := range []*graph.Exec{p.first, p.more, p.forward, p.add} {
		e.SetMaxCache(-1)
	}
	return p, nil
}

// obey takes over what the settings say of the graph, for blocks of a length and activations of a type. It comes before the first
// step.
func (p *program) obey(s Settings, length int, compute dtypes.DType) {
	p.noise, p.compute = s.NEFTune, compute
	p.remat = s.recomputes(p.model, length, compute, model.Large(p.backend))
	p.pref, _ = s.Objective.Value.(preference)
}

// wholeModel are all weights of a model.
func wholeModel(m *model.Model) (all []optimizer.Weight) {
	for _, p := range m.Parameters() {
		all = append(all, optimizer.Weight{Name: p.Name, Dims: p.Shape, Decays: p.Decays(), Rate: 1})
	}
	return all
}

// adapted are the weights of an adapter, at learning rate lr.
func adapted(a *lora.Adapter, lr float64) (all []optimizer.Weight) {
	shapes, decays, rates := a.Shapes(), a.Decays(), a.Rates(lr)
	for i, name := range a.Names() {
		w := optimizer.Weight{Name: name, Dims: shapes[i].Dimensions, Decays: decays[i], Rate: 1}
		if rates != nil {
			w.Rate = rates[i]
		}
		all = append(all, w)
	}
	return all
}

func names(weights []optimizer.Weight) (all []string) {
	for _, w := range weights {
		all = append(all, w.Name)
	}
	return all
}

func (p *program) close() {
	p.first.Finalize()
	p.more.Finalize()
	p.forward.Finalize()
	p.optimizer.Close()
}

// on says which frozen weights are in 4 bits. It comes before the first step.
func (p *program) on(q *quant.Set) {
	var frozen []string
	for _, name := range p.frozen {
		frozen = append(frozen, q.Names(name)...)
	}
	p.quant, p.frozen = q, frozen
}

const batchInputs = 6 // tokens, positions, segments, at, targets, random state

// inputs of a micro-batch.
func (p *program) inputs() int {
	if p.pref == nil {
		return batchInputs
	}
	return batchInputs + judgedInputs
}

// gradients: inputs are the batch, the trainable weights, the frozen ones and, if more, the sums so far.
// Outputs: the loss summed (over the trained tokens, or as the objective has it), the losses of the trained tokens [n], what
// else the objective tells, and the gradients of that sum (plus the sums so far).
func (p *program) gradients(in []*graph.Node, more bool) []*graph.Node {
	p.graph = in[0].Graph()
	scope, losses, weights, sums := p.losses(in, true)
	total, told := p.objective(losses, in[batchInputs:p.inputs()])
	out := append([]*graph.Node{total, losses}, told...)
	for i, g := range scope.Gradient(total, weights...) {
		if more {
			g = graph.Add(g, sums[i])
		}
		out = append(out, g)
	}
	return out
}

// losses of the trained tokens, [n], with dropout and noise if it is for training; and the inputs behind the batch.
func (p *program) losses(in []*graph.Node, train bool) (scope *model.Scope, losses *graph.Node, weights, sums []*graph.Node) {
	batch, in := in[:batchInputs], in[p.inputs():]
	nodes := map[string]*graph.Node{}
	for i, name := range p.trainable {
		nodes[name] = in[i]
		weights = append(weights, in[i])
	}
	in = in[len(p.trainable):]
	fixed := map[*graph.Node]bool{}
	for i, name := range p.frozen {
		nodes[name], fixed[in[i]] = in[i], true
	}
	sums = in[len(p.frozen):]
	scope = &model.Scope{Param: model.ParamsOf(nodes), Fixed: func(n *graph.Node) bool { return fixed[n] }, Compute: p.compute, Remat: p.remat && train}
	p.quant.Apply(scope)
	var noise *graph.Node
	var drop lora.Dropout
	if train {
		var random *graph.Node
		noise, random = neftune(p.model.Config, p.noise, batch[5], batch[2])
		drop = p.dropout(scope, random)
	}
	if p.adapter != nil {
		p.adapter.Apply(scope, lora.Options{Drop: drop})
	}
	disturb(scope, p.model.Config, noise)
	hidden := p.model.Hidden(scope, model.Batch{Tokens: batch[0], Positions: batch[1], Segments: batch[2]})
	return scope, p.model.TokenLoss(scope, model.Select(hidden, batch[3]), batch[4]), weights, sums
}

// batchTensors are the inputs of gradients for one micro-batch; random is the seed of its dropout.
func batchTensors(m *micro, random int64) ([]*tensors.Tensor, error) {
	state, err := graph.RNGStateFromSeed(random)
	if err != nil {
		return nil, fmt.Errorf("random state: %w", err)
	}
	batch := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(m.tokens, m.rows, m.length),
		tensors.FromFlatDataAndDimensions(m.positions, m.rows, m.length),
		tensors.FromFlatDataAndDimensions(m.segments, m.rows, m.length),
		tensors.FromFlatDataAndDimensions(m.at, len(m.at)),
		tensors.FromFlatDataAndDimensions(m.targets, len(m.targets)),
		state,
	}
	if m.judged != nil {
		batch = append(batch, m.judged.tensors()...)
	}
	return batch, nil
}
