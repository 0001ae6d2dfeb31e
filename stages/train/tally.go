package train

import (
	"fmt"
	"math"

	"fettle/schemas"
)

// inPairs says whether the answers come in twos.
func inPairs(o preference) bool { return o.takes()[0] == schemas.Chosen }

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
