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
	"fettle/internal/quant"
)

// programs are the compiled graphs over a fixed set of weights.
type programs struct {
	sizes
	model   *model.Model
	backend backend.Backend
	names   []string // of the weights, then of the adapter's
	weights []any    // in the order of names
	adapter *lora.Adapter
	quant   *quant.Set // nil: the weights are plain floats
	lent    bool       // the graphs are another's, who closes them

	// [0] gives the best tokens, [1] the scores of all tokens too.
	prefillExec, stepExec, extendExec   [2]*graph.Exec
	growExec, compactExec, extendToExec *graph.Exec
	arrangeExec                         [2]*graph.Exec // of one part, of two
	hiddenExec, headExec                *graph.Exec

	told map[string]bool // programs that say has heard of
	say  func(program string)
}

// scores are the best next token of every row and, where asked for, the logits [rows·vocab].
type scores struct {
	best   []int32
	logits []float32
}

// state is the cache of some rows between two steps.
type state struct {
	rows, slots, filled int
	start               *tensors.Tensor
	cache               []*tensors.Tensor
}

func newPrograms(m *model.Model, w model.Weights, a *lora.Adapter, b backend.Backend, o Options) (*programs, error) {
	p := &programs{sizes: sizes{few: b.FewShapes()}, model: m, backend: b, adapter: a, quant: o.Quant, told: map[string]bool{}, say: o.Compiling}
	if err := p.hold(w, a); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		exec  **graph.Exec
		build func(in []*graph.Node) []*graph.Node
	}{{&p.prefillExec[0], p.buildPrefill(false)}, {&p.prefillExec[1], p.buildPrefill(true)}, {&p.stepExec[0], p.buildStep(false)}, {&p.stepExec[1], p.buildStep(true)}, {&p.growExec, p.buildGrow}, {&p.compactExec, buildCompact},
		{&p.extendExec[0], p.buildExtend(false)}, {&p.extendExec[1], p.buildExtend(true)}, {&p.extendToExec, buildExtendTo},
		{&p.arrangeExec[0], buildArrange(1)}, {&p.arrangeExec[1], buildArrange(2)}, {&p.hiddenExec, p.buildHidden}, {&p.headExec, p.buildHead}} {
		exec, err := graph.NewExec(b.Backend, x.build)
		if err != nil {
			return nil, err
		}
		*x.exec = exec.SetMaxCache(-1)
	}
	return p, nil
}

// hold takes in the weights, and behind them those of an adapter (nil: none) that fits them.
func (p *programs) hold(w model.Weights, a *lora.Adapter) error {
	p.add(w)
	if a == nil {
		return nil
	}
	p.add(a.Weights)
	return errors.Join(a.Check(), a.SameBase(lora.Plain(w)))
}

func (p *programs) add(w model.Weights) {
	for _, name := range w.Names() {
		p.names, p.weights = append(p.names, name), append(p.weights, w[name])
	}
}

func (p *programs) close() {
	if p.lent {
		return
	}
	for _, e := range []*graph.Exec{p.prefillExec[0], p.prefillExec[1], p.stepExec[0], p.stepExec[1], p.extendExec[0], p.extendExec[1], p.growExec, p.compactExec, p.extendToExec, p.arrangeExec[0], p.arrangeExec[1], p.hiddenExec, p.headExec} {
		e.Finalize()
	}
}

// compiling tells of a program that is about to run for the first time.
func (p *programs) compiling(format string, args ...any) {
	if p.say == nil {
		return
	}
	if name := fmt.Sprintf(format, args...); !p.told[name] {
		p.told[name] = true
		p.say(name)
	}
}

// scope names the weights among a program's inputs and returns the inputs after them.
func (p *programs) scope(in []*graph.Node) (*model.Scope, []*graph.Node) {
	nodes := map[string]*graph.Node{}
	for i, name := range p.names {
		nodes[name] = in[i]
	}
	s := &model.Scope{Param: model.ParamsOf(nodes), Fixed: model.Inference}
	p.quant.Apply(s)
	if p.adapter != nil {
		p.adapter.Apply(s, lora.Options{})
	}
	return s, in[len(p.names):]
}

// score gives the most likely token of each row, int32 [batch], and, if wanted, all scores: hidden [batch, 1, hidden].
func (p *programs) score(s *model.Scope, hidden *graph.Node, all bool) []*graph.Node {
	logits := graph.Squeeze(p.model.Logits(s, hidden), 1)
	out := []*graph.Node{graph.ArgMax(logits, -1, dtypes.Int32)}
	if all {
		out = append(out, logits)
	}
	return out
}

func (p *programs) buildPrefill(all bool) func(in []*graph.Node) []*graph.Node {
	return func(in []*graph.Node) []*graph.Node {
		s, in := p.scope(in)
		hidden, cache := p.model.Prefill(s, model.Prompt{Tokens: in[0], Start: in[1]}, p.slots(in[0].Shape().Dim(1)))
		return append(p.score(s, hidden, all), cache...)
	}
}

func (p *programs) buildStep(all bool) func(in []*graph.Node) []*graph.Node {
	return func(in []*graph.Node) []*graph.Node {
		s, in := p.scope(in)
		hidden, cache := p.model.Step(s, in[0], in[1], in[2], in[3:])
		return append(p.score(s, hidden, all), cache...)
	}
}

func (p *programs) buildGrow(cache []*graph.Node) []*graph.Node {
	out := make([]*graph.Node, len(cache))
	for i, x := range cache {
		out[i] = model.Grow(x, p.slots(x.Shape().Dim(2)))
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
func (p *programs) prefill(tokens, start []int32, seq int, all bool) (*state, scores, error) {
	st := &state{rows: len(start), slots: p.slots(seq), filled: seq, start: tensors.FromFlatDataAndDimensions(start, len(start))}
	in := tensors.FromFlatDataAndDimensions(tokens, len(start), seq)
	p.compiling("prefill %dx%d", len(start), seq)
	out, err := p.prefillExec[index(all)].Call(append(slices.Clone(p.weights), in, st.start)...)
	if err != nil {
		return nil, scores{}, fmt.Errorf("prefill %d rows of %d tokens: %w", len(start), seq, err)
	}
	st.cache = out[1+index(all):]
	next, err := take(out, all)
	return st, next, errors.Join(err, in.FinalizeAll())
}

// step runs one more token of every row of the state.
func (p *programs) step(st *state, tokens []int32, all bool) (scores, error) {
	if st.filled == st.slots {
		if err := p.grow(st); err != nil {
			return scores{}, err
		}
	}
	p.compiling("decode %d rows, %d slots", st.rows, st.slots)
	return p.onward(p.stepExec[index(all)], st, tokens, all)
}

// onward runs the next tokens of every row, [rows·n], with a program that takes the weights, them, start, the slot they go to
// and the cache.
func (p *programs) onward(exec *graph.Exec, st *state, tokens []int32, all bool) (scores, error) {
	n := len(tokens) / st.rows
	in := tensors.FromFlatDataAndDimensions(tokens, st.rows, n)
	args := append(slices.Clone(p.weights), in, st.start, int32(st.filled))
	for _, c := range st.cache { // given up, so that the new positions are written in place
		buffer, err := graph.DonateTensorBuffer(c, p.backend.Backend, 0)
		if err != nil {
			return scores{}, fmt.Errorf("give up the cache: %w", err)
		}
		args = append(args, buffer)
	}
	st.cache = nil
	out, err := exec.Call(args...)
	if err != nil {
		return scores{}, fmt.Errorf("decode %d rows of %d tokens: %w", st.rows, n, err)
	}
	st.cache, st.filled = out[1+index(all):], st.filled+n
	next, err := take(out, all)
	return next, errors.Join(err, in.FinalizeAll())
}

func (p *programs) grow(st *state) error {
	out, err := p.growExec.Call(anys(st.cache)...)
	if err != nil {
		return fmt.Errorf("grow the cache: %w", err)
	}
	st.freeCache()
	st.cache, st.slots = out, p.slots(st.slots)
	return nil
}

// compact keeps the given rows of the state only.
func (p *programs) compact(st *state, rows []int32) error {
	in := append([]any{tensors.FromFlatDataAndDimensions(rows, len(rows)), st.start}, anys(st.cache)...)
	out, err := p.compactExec.Call(in...)
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

// take copies the scores among a program's results to the host and frees them.
func take(out []*tensors.Tensor, all bool) (scores, error) {
	var s scores
	var errs [4]error
	s.best, errs[0] = tensors.CopyFlatData[int32](out[0])
	errs[1] = out[0].FinalizeAll()
	if all {
		s.logits, errs[2] = tensors.CopyFlatData[float32](out[1])
		errs[3] = out[1].FinalizeAll()
	}
	return s, errors.Join(errs[:]...)
}

func index(all bool) int {
	if all {
		return 1
	}
	return 0
}

func anys(ts []*tensors.Tensor) []any {
	out := make([]any, len(ts))
	for i, t := range ts {
		out[i] = t
	}
	return out
}
