package train

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/artifact"
	"fettle/schemas"
)

// Held says how the loss on rows that are not trained steers a training.
type Held struct {
	Share    float64 `json:"share" check:"min=0,max=0.9" jsonschema:"share of the blocks that is kept out of training; 0 = the rows of format.held. Rows of one page may then lie on both sides: format.held keeps groups together"`
	Every    int     `json:"every" check:"min=0" jsonschema:"optimizer steps between two evaluations, and one at the end; 0 = none"`
	Patience int     `json:"patience" check:"min=0" jsonschema:"end after so many evaluations in a row that bring nothing better; 0 = never"`
	MinDelta float64 `json:"min_delta" check:"min=0" jsonschema:"how much lower a loss must be to count for the patience"`
	LoadBest bool    `json:"load_best" jsonschema:"keep the weights of the lowest loss instead of the last ones"`
}

// Check refuses settings that nothing would read.
func (h Held) Check(fault func(field, want string)) {
	if h.Every > 0 {
		if h.MinDelta > 0 && h.Patience == 0 {
			fault("min_delta", "left out, or patience set: it counts for the patience")
		}
		return
	}
	for field, set := range map[string]bool{"share": h.Share > 0, "patience": h.Patience > 0, "min_delta": h.MinDelta > 0, "load_best": h.LoadBest} {
		if set {
			fault(field, "left out, or every set: nothing is evaluated")
		}
	}
}

// split keeps a share of the blocks out, by a digest of what they hold: the same ones for every seed.
func (d *data) split(share float64) (train, held *data) {
	order := make([]int, len(d.blocks))
	for i := range order {
		order[i] = i
	}
	digest := func(i int) string {
		id := ""
		if b := d.blocks[i]; len(b.segments) > 0 {
			id = d.ids[b.segments[0].conversation]
		}
		sum := sha256.Sum256([]byte(id))
		return string(sum[:])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(digest(a), digest(b)) })
	n := max(1, int(math.Round(share*float64(len(d.blocks)))))
	kept := map[int]bool{}
	for _, i := range order[:min(n, len(order))] {
		kept[i] = true
	}
	train, held = &data{ids: d.ids, length: d.length}, &data{ids: d.ids, length: d.length}
	for i, b := range d.blocks {
		if kept[i] {
			held.blocks = append(held.blocks, b)
		} else {
			train.blocks = append(train.blocks, b)
		}
	}
	return train, held
}

// held finds the rows that are evaluated, and those that are trained.
func (h Held) held(d *data, format *artifact.Artifact, vocab int) (train, held *data, err error) {
	if h.Every == 0 {
		return d, nil, nil
	}
	if h.Share > 0 {
		if train, held = d.split(h.Share); train.trained() == 0 {
			return nil, nil, fmt.Errorf("eval.share %v keeps %d of %d blocks out: nothing is left to train. Lower it, shorten format.pack.length, or name a split under format.held", h.Share, len(held.blocks), len(d.blocks))
		}
	} else {
		train = d
		path := format.Path("held.arrow")
		if !exists(path) {
			return nil, nil, errors.New("eval.every is set, but no rows are kept out: name a split of clean's under format.held, or set eval.share")
		}
		if held, err = readBlocks(path, vocab); err != nil {
			return nil, nil, err
		}
	}
	if held.trained() == 0 {
		return nil, nil, errors.New("the rows kept out for eval hold no token that is learnt")
	}
	return train, held, nil
}

// due says whether the last step is yet to be evaluated.
func (t *training) due(total int) bool {
	every, history := t.settings.Eval.Every, t.state.history
	if t.held == nil || len(history) == 0 || history[len(history)-1].EvalLoss != nil {
		return false
	}
	return t.state.step%every == 0 || t.state.step == total
}

// evaluate takes the objective on the rows kept out, by token, and remembers the weights if it is the lowest so far.
func (t *training) evaluate(ctx context.Context) error {
	loss, err := t.heldLoss(ctx)
	if err != nil {
		return err
	}
	s := t.state
	before := best(s.history)
	s.history[len(s.history)-1].EvalLoss = &loss
	t.task.AddText(0, fmt.Sprintf("step %d · held-out loss %.4f", s.step, loss))
	if !t.settings.Eval.LoadBest || before != nil && *before.EvalLoss <= loss {
		return nil
	}
	copies := make([]*tensors.Tensor, len(s.weights))
	for i, w := range s.weights {
		if copies[i], err = w.LocalClone(); err != nil {
			return err
		}
	}
	free(s.best)
	s.best = copies
	return nil
}

func (t *training) heldLoss(ctx context.Context) (float64, error) {
	order := t.held.order(0, 0, false)
	w, err := t.window(ctx, t.held, order)
	if err != nil {
		return 0, err
	}
	for s, rows := t.scorer(), t.settings.Batch.Rows; len(order) > 0; {
		if ctx.Err() != nil {
			return 0, errStopped
		}
		n := min(rows, len(order))
		m := t.micro(w, t.held, order[:n])
		order = order[n:]
		got, err := s.forward(m)
		if err != nil {
			return 0, fmt.Errorf("evaluate: %w", err)
		}
		w.add(t.program.pref, m, got)
	}
	if o := t.program.pref; o != nil {
		now, all := t.state.history[len(t.state.history)-1].Preference, w.tally.figures(o)
		now.EvalMargin, now.EvalAccuracy = all.Margin, all.Accuracy
	}
	return measured(w.loss / w.count())
}

func measured(loss float64) (float64, error) {
	if finite(loss) {
		return loss, nil
	}
	return 0, errors.New("the loss on the rows kept out is not finite: lower optimizer.lr")
}

// evaluated is the graph without training: the losses of the trained tokens, [n], without dropout and noise, and what else
// the objective tells.
func (p *program) evaluated(in []*graph.Node) []*graph.Node {
	_, losses, _, _ := p.losses(in, false)
	_, told := p.objective(losses, in[batchInputs:p.inputs()])
	return append([]*graph.Node{losses}, told...)
}

// best is the evaluated step of the lowest loss; nil when there is none.
func best(history []schemas.Step) (b *schemas.Step) {
	for i := range history {
		if s := &history[i]; s.EvalLoss != nil && (b == nil || *s.EvalLoss < *b.EvalLoss) {
			b = s
		}
	}
	return b
}

// impatient says whether the last evaluations brought nothing better, counted as transformers' EarlyStoppingCallback does:
// one that is lower than the lowest before it by more than min_delta starts the count anew.
func (h Held) impatient(history []schemas.Step) bool {
	if h.Patience == 0 {
		return false
	}
	lowest, bad := math.Inf(1), 0
	for _, s := range history {
		if s.EvalLoss == nil {
			continue
		}
		if bad++; *s.EvalLoss < lowest && lowest-*s.EvalLoss > h.MinDelta {
			bad = 0
		}
		lowest = min(lowest, *s.EvalLoss)
		if bad >= h.Patience {
			return true
		}
	}
	return false
}
