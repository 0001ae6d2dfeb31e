package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/optimizer"
	"fettle/internal/progress"
	"fettle/internal/stage"
	"fettle/schemas"
)

// training is one seed's run over the data.
type training struct {
	settings Settings
	seed     int64
	data     *data
	held     *data // evaluated, not trained; nil: nothing is
	program  *program
	state    *state
	frozen   []*tensors.Tensor
	replicas []*replica // devices beside the first
	ahead    ahead
	heap     backend.Heap
	compiled bool   // the programs of a step
	dir      string // of checkpoints
	deadline time.Time
	task     *progress.Task
	seconds  []float64 // of the steps that this process did
}

// steps is the number of optimizer steps in an epoch and in all; the last window of an epoch may be smaller.
func (s Settings) steps(blocks int) (epoch, all int) {
	window := s.Batch.Rows * s.Batch.Accumulate
	epoch = (blocks + window - 1) / window
	all = epoch * s.Epochs
	if s.MaxSteps > 0 {
		all = min(all, s.MaxSteps)
	}
	return epoch, all
}

// run trains from the state's step to the last. When it is told to stop it saves a checkpoint of the last whole step.
func (t *training) run(ctx context.Context) error {
	if err := t.open(); err != nil {
		return err
	}
	defer t.closeReplicas()
	defer t.forget()
	perEpoch, total := t.settings.steps(len(t.data.blocks))
	saved, began := t.state.step, t.state.step
	for t.state.step < total && !t.settings.Eval.impatient(t.state.history) || t.due(total) {
		if why := t.stop(ctx, t.state.step > began); why != nil {
			return errors.Join(why, t.state.save(t.dir, t.program.trainable))
		}
		if t.due(total) {
			if err := t.evaluate(ctx); err != nil && !errors.Is(err, errStopped) {
				return fmt.Errorf("seed %d, step %d: %w", t.seed, t.state.step, err)
			}
			continue
		}
		started := time.Now()
		if err := t.step(ctx, perEpoch, total); err != nil {
			if errors.Is(err, errStopped) {
				continue
			}
			return fmt.Errorf("seed %d, step %d: %w", t.seed, t.state.step+1, err)
		}
		t.seconds = append(t.seconds, time.Since(started).Seconds())
		t.heap.Settle()
		if t.state.step-saved >= t.settings.Checkpoint.Every && t.state.step < total {
			if err := t.state.save(t.dir, t.program.trainable); err != nil {
				return err
			}
			saved = t.state.step
		}
	}
	if t.state.step%perEpoch != 0 {
		t.state.losses.end(t.seed, t.data.ids) // max_steps ended inside an epoch
	}
	return nil
}

var errStopped = errors.New("stopped inside a step")

// stop says why the training ends here. max_time lets every start do one step at least: else one that is shorter than the
// preparations would never end.
func (t *training) stop(ctx context.Context, moved bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if moved && !t.deadline.IsZero() && time.Now().After(t.deadline) {
		return stage.ErrMaxTime
	}
	return nil
}

// step does one optimizer step: the micro-batches of a window, then the update. Nothing of the state changes before all of
// it is computed and finite.
func (t *training) step(ctx context.Context, perEpoch, total int) error {
	epoch, at := t.state.step/perEpoch, t.state.step%perEpoch
	order := t.ordered(epoch)
	size := t.settings.Batch.Rows * t.settings.Batch.Accumulate
	blocks := order[at*size : min((at+1)*size, len(order))]
	w, err := t.window(ctx, t.data, blocks)
	if err != nil {
		return err
	}
	defer func() { free(w.sums) }()
	for n := int64(t.state.step) * int64(t.settings.Batch.Accumulate); len(blocks) > 0; {
		if ctx.Err() != nil {
			return errStopped
		}
		var batches []*micro
		for len(blocks) > 0 && len(batches) <= len(t.replicas) {
			rows := min(t.settings.Batch.Rows, len(blocks))
			batches = append(batches, t.take(w, blocks[:rows], n+int64(len(batches))))
			blocks = blocks[rows:]
		}
		if !t.compiled {
			if err := t.compile(batches[0]); err != nil {
				return err
			}
		}
		t.foresee(n + int64(len(batches)))
		if err := t.accumulate(w, batches, n); err != nil {
			return err
		}
		n += int64(len(batches))
	}
	if err := t.gather(w); err != nil {
		return err
	}
	if w.trained == 0 {
		return errors.New("no token of the window is trained")
	}
	lr := t.settings.Optimizer.LR * t.settings.Schedule.At(t.state.step, total)
	norm, err := t.update(w, lr)
	if err != nil {
		return err
	}
	row := t.record(w, perEpoch, norm, lr)
	t.task.AddText(int64(w.tokens), fmt.Sprintf("step %d/%d · loss %.4f%s · lr %.2e", t.state.step, total, row.Loss, inShort(row.Preference), lr))
	return nil
}

// record books a step that is done: its row of the history, and what every conversation cost.
func (t *training) record(w *window, perEpoch int, norm, lr float64) schemas.Step {
	s := t.state
	for _, l := range w.losses {
		s.losses.add(l.owners, l.values)
	}
	row := schemas.Step{Seed: t.seed, Step: int64(s.step), Epoch: float64(s.step) / float64(perEpoch), Loss: w.loss / w.count(), GradNorm: norm, LR: lr, Tokens: int64(w.trained)}
	if o := t.program.pref; o != nil {
		row.Preference = w.tally.figures(o)
	}
	s.history = append(s.history, row)
	if s.step%perEpoch == 0 {
		s.losses.end(t.seed, t.data.ids)
	}
	return row
}

// update moves the weights by a window's gradients. Nothing changes unless the gradients' norm is finite.
func (t *training) update(w *window, lr float64) (norm float64, err error) {
	began := time.Now()
	defer func() { t.ahead.busy += time.Since(began) }()
	s := t.state
	norm, err = t.program.optimizer.Move(optimizer.Step{Weights: s.weights, Kept: s.kept, Sums: w.sums, Count: w.count(), LR: lr, Done: s.step})
	if err != nil {
		return 0, err
	}
	if !finite(norm) {
		return 0, fmt.Errorf("the gradient norm is %v: lower optimizer.lr (%g); the last good checkpoint is kept", norm, t.settings.Optimizer.LR)
	}
	s.step++
	return norm, nil
}

// names lists the conversations of a micro-batch.
func (t *training) names(m *micro) string {
	var names []string
	seen := map[int32]bool{}
	for _, o := range m.owners {
		if !seen[o] {
			seen[o] = true
			names = append(names, t.data.ids[o])
		}
	}
	if len(names) > 5 {
		names = append(names[:5], fmt.Sprintf("and %d more", len(names)-5))
	}
	return "conversations " + strings.Join(names, ", ")
}

// outputs are what a graph makes of a micro-batch on which nothing is trained.
func outputs(e *graph.Exec, m *micro, weights []*tensors.Tensor) ([]*tensors.Tensor, error) {
	batch, err := batchTensors(m, 0)
	if err != nil {
		return nil, err
	}
	defer free(batch)
	return call(e, slices.Concat(batch, weights))
}

func call(e *graph.Exec, args []*tensors.Tensor) ([]*tensors.Tensor, error) {
	return callOn(e, 0, args)
}

func callOn(e *graph.Exec, device compute.DeviceNum, args []*tensors.Tensor) ([]*tensors.Tensor, error) {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	out, _, err := e.CallWithGraphOnDevice(device, list...) // GoMLX v0.28.16's CallOnDevice forgets the device
	return out, err
}
