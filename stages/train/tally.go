package train

import (
	"context"
	"fmt"
	"math"

	"fettle/schemas"
)

// inPairs says whether the answers come in twos.
func inPairs(o preference) bool { return o.takes()[0] == schemas.Chosen }

// window begins a window; of preference training it knows first what its micro-batches share.
func (t *training) window(ctx context.Context, d *data, blocks []int) (*window, error) {
	w := &window{}
	if t.judging == nil {
		return w, nil
	}
	o := t.judging.objective
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
func (t *training) micro(w *window, blocks []int) *micro {
	if t.judging == nil {
		return t.data.micro(blocks, t.settings.Batch.Rows)
	}
	return t.data.answers(blocks, t.settings.Batch.Rows, w.scale)
}

// judge adds what a micro-batch told: the losses of its positions, the costs and the log-probabilities of its answers.
func (w *window) judge(o preference, m *micro, losses, costs, logps []float32) {
	for _, c := range costs {
		w.loss += float64(c)
	}
	for i, weight := range m.judged.told {
		if weight != 0 {
			w.loss += float64(weight) * float64(losses[i])
			w.tally.nll += float64(losses[i])
			w.tally.told++
		}
	}
	w.tally.add(o, m.judged, logps)
	if inPairs(o) {
		w.tally.compare(o, m.judged, logps)
	}
}

// heldCost is the objective on the answers kept out; the step's figures get their margin and accuracy.
func (t *training) heldCost(ctx context.Context) (float64, error) {
	order := t.held.order(0, 0, false)
	w, err := t.window(ctx, t.held, order)
	if err != nil {
		return 0, err
	}
	for rows := t.settings.Batch.Rows; len(order) > 0; {
		if ctx.Err() != nil {
			return 0, errStopped
		}
		n := min(rows, len(order))
		m := t.held.answers(order[:n], rows, w.scale)
		order = order[n:]
		losses, costs, logps, err := t.scorer().forward(m)
		if err != nil {
			return 0, fmt.Errorf("evaluate: %w", err)
		}
		w.judge(t.judging.objective, m, losses, costs, logps)
	}
	now, all := t.state.history[len(t.state.history)-1].Preference, w.tally.figures(t.judging.objective)
	now.EvalMargin, now.EvalAccuracy = all.Margin, all.Accuracy
	return measured(w.loss / w.count())
}

// inShort is what the line of progress says of a step.
func inShort(p *schemas.Preference) string {
	text := ""
	if p != nil && p.Margin != nil {
		text = fmt.Sprintf(" · margin %.3f", *p.Margin)
	}
	if p != nil && p.Accuracy != nil {
		text += fmt.Sprintf(" · accuracy %.2f", *p.Accuracy)
	}
	return text
}

// tally sums what the answers of a window say.
type tally struct {
	chosen, rejected struct{ reward, logp, n float64 }
	right, odds      float64
	nll, told, kl    float64
}

func (t *tally) add(o preference, j *judged, logps []float32) {
	for i, number := range j.numbers {
		if number < 0 {
			continue
		}
		logp, length := float64(logps[i]), float64(j.length[i])
		side := &t.chosen
		if j.sign[i] < 0 {
			side = &t.rejected
		}
		side.reward += o.reward(logp, float64(j.ref[i]), length)
		if o.reference() == "" {
			logp /= length
		}
		side.logp += logp
		side.n++
	}
}

// compare adds what pairs say: rows i and i + half.
func (t *tally) compare(o preference, j *judged, logps []float32) {
	half := len(j.numbers) / 2
	for i := range half {
		if j.numbers[i] < 0 {
			continue
		}
		reward := func(i int) float64 { return o.reward(float64(logps[i]), float64(j.ref[i]), float64(j.length[i])) }
		if reward(i) > reward(half+i) {
			t.right++
		}
		if o.reference() == "" {
			odds := func(i int) float64 { m := float64(logps[i] / j.length[i]); return m - math.Log(-math.Expm1(m)) }
			t.odds += odds(i) - odds(half+i)
		}
	}
}

// figures are the row of the history.
func (t *tally) figures(o preference) *schemas.Preference {
	p := &schemas.Preference{}
	if n := t.chosen.n; n > 0 {
		p.ChosenReward, p.ChosenLogp = new(t.chosen.reward/n), new(t.chosen.logp/n)
	}
	if n := t.rejected.n; n > 0 {
		p.RejectedReward, p.RejectedLogp = new(t.rejected.reward/n), new(t.rejected.logp/n)
	}
	if p.ChosenReward != nil && p.RejectedReward != nil {
		p.Margin = new(*p.ChosenReward - *p.RejectedReward)
	}
	if inPairs(o) {
		p.Accuracy = new(t.right / t.chosen.n)
		if o.reference() == "" {
			p.LogOdds = new(t.odds / t.chosen.n)
		}
	}
	if t.told > 0 {
		p.NLL = new(t.nll / t.told)
	}
	if o.kl() {
		p.KL = new(t.kl)
	}
	return p
}

// rewards are the means of margin and accuracy over the last tenth of the steps, for each seed.
func (f *fitting) rewards() map[string][]float64 {
	out := map[string][]float64{}
	for _, r := range f.results {
		h := r.state.history
		h = h[len(h)-(len(h)+9)/10:]
		for name, of := range map[string]func(*schemas.Preference) *float64{
			"margin":   func(p *schemas.Preference) *float64 { return p.Margin },
			"accuracy": func(p *schemas.Preference) *float64 { return p.Accuracy },
		} {
			sum, n := 0.0, 0.0
			for _, s := range h {
				if v := of(s.Preference); v != nil {
					sum, n = sum+*v, n+1
				}
			}
			if n > 0 {
				out[name] = append(out[name], sum/n)
			}
		}
	}
	return out
}
