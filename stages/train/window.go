package train

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// window gathers a window's micro-batches.
type window struct {
	sums    []*tensors.Tensor
	loss    float64 // summed over the trained tokens, or as the objective has it
	trained int
	tokens  int // all of them, padding not counted
	losses  []ownedLosses
	// Of preference training.
	scale scale
	units int // pairs, or judged answers
	tally tally
}

// count is what the sums are divided by.
func (w *window) count() float64 {
	if w.units > 0 {
		return float64(w.units)
	}
	return float64(w.trained)
}

type ownedLosses struct {
	owners []int32
	values []float32
}

// window begins a window; of preference training it knows first what its micro-batches share.
func (t *training) window(ctx context.Context, d *data, blocks []int) (*window, error) {
	w := &window{}
	o := t.program.pref
	if o == nil {
		return w, nil
	}
	weight, prompts := o.nll()
	answers, told := d.count(blocks, prompts)
	w.units = answers
	w.scale = scale{prompts: prompts && weight > 0}
	if inPairs(o) {
		w.units /= 2
	}
	if weight > 0 && told > 0 { // the sums are divided by the pairs, these by their own number
		w.scale.told = float32(weight * float64(w.units) / float64(told))
	}
	if d.kl == nil {
		return w, nil
	}
	var err error
	w.scale.kl, err = t.divergence(ctx, d.kl, blocks)
	w.tally.kl = w.scale.kl
	return w, err
}

// micro lays out a micro-batch for the objective.
func (t *training) micro(w *window, d *data, blocks []int) *micro {
	if t.program.pref == nil {
		return d.micro(blocks, t.settings.Batch.Rows)
	}
	return d.answers(blocks, t.settings.Batch.Rows, w.scale)
}

// told is what a micro-batch tells: the losses of its trained positions, and of judged answers the costs and log-probabilities.
type told struct{ losses, costs, logps []float32 }

// read takes it from a program's outputs; without a preference there are the losses alone.
func read(out []*tensors.Tensor) (t told, err error) {
	parts := []*[]float32{&t.losses, &t.costs, &t.logps}
	for i, x := range out {
		if *parts[i], err = tensors.CopyFlatData[float32](x); err != nil {
			return t, err
		}
	}
	return t, nil
}

// add counts a micro-batch in; o is nil where nothing was judged.
func (w *window) add(o preference, m *micro, got told) {
	w.trained += m.trained
	if o != nil {
		w.judge(o, m, got)
		return
	}
	for _, v := range got.losses[:m.trained] {
		w.loss += float64(v)
	}
}

// judge adds what the answers of a micro-batch cost.
func (w *window) judge(o preference, m *micro, got told) {
	for _, c := range got.costs {
		w.loss += float64(c)
	}
	for i, weight := range m.judged.told {
		if weight != 0 {
			w.loss += float64(weight) * float64(got.losses[i])
			w.tally.nll += float64(got.losses[i])
			w.tally.told++
		}
	}
	w.tally.add(o, m.judged, got.logps)
	if inPairs(o) {
		w.tally.compare(o, m.judged, got.logps)
	}
}

// accumulate computes micro-batches, the first of which has this number, and books them in their order.
func (t *training) accumulate(w *window, batches []*micro, number int64) error {
	outs, err := t.compute(w, batches, number)
	if err != nil {
		return err
	}
	for i, m := range batches {
		if err := t.book(w, m, outs[i]); err != nil {
			return err
		}
	}
	return nil
}

// book adds to a window what a micro-batch told.
func (t *training) book(w *window, m *micro, out []*tensors.Tensor) error {
	loss := float64(tensors.ToScalar[float32](out[0]))
	got, err := read(out[1:])
	if err != nil {
		return err
	}
	free(out)
	if !finite(loss) {
		return fmt.Errorf("the loss is %v on %s: lower optimizer.lr (%g), or look at these rows (fettle lineage); the last good checkpoint is kept", loss, t.names(m), t.settings.Optimizer.LR)
	}
	w.add(t.program.pref, m, got)
	for _, s := range m.segments {
		if s != 0 {
			w.tokens++
		}
	}
	w.losses = append(w.losses, ownedLosses{m.owners, got.losses[:m.trained]})
	return nil
}
