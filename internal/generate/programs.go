package generate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
)

// BaseHook makes the function for model.Scope.Base out of the weights' nodes: what multiplies by quantised weights.
type BaseHook func(param func(name string) *graph.Node) func(module string, x *graph.Node) *graph.Node

// headroom is how many positions a cache has beyond its prompts, and gets more each time it is full.
const headroom = 32

// programs are the compiled graphs over a fixed set of weights.
type programs struct {
	model   *model.Model
	backend backend.Backend
	names   []string // of the weights, then of the adapter's
	weights []any    // in the order of names
	adapter *lora.Adapter
	base    BaseHook

	prefillExec, stepExec, growExec, compactExec *graph.Exec
}

// state is the cache of some rows between two steps.
type state struct {
	rows, slots, filled int
	start               *tensors.Tensor
	cache               []*tensors.Tensor
}

func newPrograms(m *model.Model, w model.Weights, a *lora.Adapter, b backend.Backend, o Options) (*programs, error) {
	p := &programs{model: m, backend: b, adapter: a, base: o.Base}
	p.add(w)
	if a != nil {
		if err := a.Check(); err != nil {
			return nil, err
		}
		p.add(a.Weights)
	}
	for _, x := range []struct {
		exec  **graph.Exec
		build func(in []*graph.Node) []*graph.Node
	}{{&p.prefillExec, p.buildPrefill}, {&p.stepExec, p.buildStep}, {&p.growExec, buildGrow}, {&p.compactExec, buildCompact}} {
		exec, err := graph.NewExec(b.Backend, x.build)
		if err != nil {
			return nil, err
		}
		*x.exec = exec.SetMaxCache(-1)
	}
	return p, nil
}

func (p *programs) add(w model.Weights) {
	for _, name := range w.Names() {
		p.names, p.weights = append(p.names, name), append(p.weights, w[name])
	}
}

func (p *programs) close() {
	for _, e := range []*graph.Exec{p.prefillExec, p.stepExec, p.growExec, p.compactExec} {
		e.Finalize()
	}
}

// scope names the weights among a program's inputs and returns the inputs after them.
func (p *programs) scope(in []*graph.Node) (*model.Scope, []*graph.Node) {
	nodes := map[string]*graph.Node{}
	for i, name := range p.names {
		nodes[name] = in[i]
	}
	s := &model.Scope{Param: model.ParamsOf(nodes)}
	if p.adapter != nil {
		s.Adapt = p.adapter.Hook(s.Param, nil)
	}
	if p.base != nil {
		s.Base = p.base(s.Param)
	}
	return s, in[len(p.names):]
}

// greedy picks the most likely token of each row: hidden [batch, 1, hidden] -> int32 [batch].
func (p *programs) greedy(s *model.Scope, hidden *graph.Node) *graph.Node {
	return graph.ArgMax(graph.Squeeze(p.model.Logits(s, hidden), 1), -1, dtypes.Int32)
}

func (p *programs) buildPrefill(in []*graph.Node) []*graph.Node {
	s, in := p.scope(in)
	hidden, cache := p.model.Prefill(s, model.Prompt{Tokens: in[0], Start: in[1]}, in[0].Shape().Dim(1)+headroom)
	return append([]*graph.Node{p.greedy(s, hidden)}, cache...)
}

func (p *programs) buildStep(in []*graph.Node) []*graph.Node {
	s, in := p.scope(in)
	hidden, cache := p.model.Step(s, in[0], in[1], in[2], in[3:])
	return append([]*graph.Node{p.greedy(s, hidden)}, cache...)
}

func buildGrow(cache []*graph.Node) []*graph.Node {
	out := make([]*graph.Node, len(cache))
	for i, x := range cache {
		out[i] = model.Grow(x, x.Shape().Dim(2)+headroom)
	}
	return out
}

// buildCompact takes some rows: rows int32 [n], then start [batch] and the cache [kv heads, batch, slots, head].
func buildCompact(in []*graph.Node) []*graph.Node {
	rows := graph.ExpandAxes(in[0], -1)
	out := []*graph.Node{graph.Gather(in[1], rows)}
	for _, x := range in[2:] {
		out = append(out, graph.TransposeAllAxes(graph.Gather(graph.TransposeAllAxes(x, 1, 0, 2, 3), rows), 1, 0, 2, 3))
	}
	return out
}

// prefill runs prompts padded to seq: tokens [batch·seq], start [batch].
func (p *programs) prefill(tokens, start []int32, seq int) (*state, []int32, error) {
	st := &state{rows: len(start), slots: seq + headroom, filled: seq, start: tensors.FromFlatDataAndDimensions(start, len(start))}
	in := tensors.FromFlatDataAndDimensions(tokens, len(start), seq)
	out, err := p.prefillExec.Exec(append(slices.Clone(p.weights), in, st.start)...)
	if err != nil {
		return nil, nil, fmt.Errorf("prefill %d rows of %d tokens: %w", len(start), seq, err)
	}
	st.cache = out[1:]
	next, err := take(out[0])
	return st, next, errors.Join(err, in.FinalizeAll())
}

// step runs one more token of every row of the state.
func (p *programs) step(st *state, tokens []int32) ([]int32, error) {
	if st.filled == st.slots {
		if err := p.grow(st); err != nil {
			return nil, err
		}
	}
	in := tensors.FromFlatDataAndDimensions(tokens, st.rows, 1)
	args := append(slices.Clone(p.weights), in, st.start, int32(st.filled))
	for _, c := range st.cache { // given up, so that the new position is written in place
		buffer, err := graph.DonateTensorBuffer(c, p.backend.Backend, 0)
		if err != nil {
			return nil, fmt.Errorf("give up the cache: %w", err)
		}
		args = append(args, buffer)
	}
	st.cache = nil
	out, err := p.stepExec.Exec(args...)
	if err != nil {
		return nil, fmt.Errorf("decode %d rows: %w", st.rows, err)
	}
	st.cache, st.filled = out[1:], st.filled+1
	next, err := take(out[0])
	return next, errors.Join(err, in.FinalizeAll())
}

func (p *programs) grow(st *state) error {
	out, err := p.growExec.Exec(anys(st.cache)...)
	if err != nil {
		return fmt.Errorf("grow the cache: %w", err)
	}
	st.freeCache()
	st.cache, st.slots = out, st.slots+headroom
	return nil
}

// compact keeps the given rows of the state only.
func (p *programs) compact(st *state, rows []int32) error {
	in := append([]any{tensors.FromFlatDataAndDimensions(rows, len(rows)), st.start}, anys(st.cache)...)
	out, err := p.compactExec.Exec(in...)
	if err != nil {
		return fmt.Errorf("compact the cache: %w", err)
	}
	st.free()
	st.start, st.cache, st.rows = out[0], out[1:], len(rows)
	return nil
}

func (s *state) free() {
	if s == nil {
		return
	}
	s.start.MustFinalizeAll()
	s.freeCache()
}

func (s *state) freeCache() {
	for _, c := range s.cache {
		c.MustFinalizeAll()
	}
	s.cache = nil
}

// take copies a small result to the host and frees it.
func take(t *tensors.Tensor) ([]int32, error) {
	v, err := tensors.CopyFlatData[int32](t)
	return v, errors.Join(err, t.FinalizeAll())
}

func anys(ts []*tensors.Tensor) []any {
	out := make([]any, len(ts))
	for i, t := range ts {
		out[i] = t
	}
	return out
}
