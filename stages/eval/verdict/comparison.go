package verdict

import (
	"math"

	"fettle/schemas"
	"fettle/stages/eval/stats"
)

// Comparison sets system A against system B on some of the questions.
type Comparison struct {
	Text   Text
	A, B   string
	Where  func(q schemas.Question) bool
	NoLoss bool // the claim is that A is not worse by more than the margin; else that A is better
	Time   bool // compares the wall time of answers, as the ratio B / A
}

// Finding is what a comparison showed. Effects are differences of mean scores A - B, in [-1, 1]; for times the ratio B / A
// of geometric means, above 1 where A is quicker.
type Finding struct {
	Text        Text         `json:"text"`
	A           string       `json:"a"`
	B           string       `json:"b"`
	Time        bool         `json:"time"`
	MeanA       float64      `json:"mean_a"` // mean score, or geometric mean of seconds
	MeanB       float64      `json:"mean_b"`
	Effect      float64      `json:"effect"`
	Low         float64      `json:"low"`
	High        float64      `json:"high"`
	Threshold   float64      `json:"threshold"` // what the effect must exceed for the claim
	P           float64      `json:"p"`         // two-sided, of "the effect is the threshold"
	McNemar     float64      `json:"mcnemar"`   // exact; over seeds the largest; 1 where it does not apply
	N           int          `json:"n"`         // questions
	Clusters    int          `json:"clusters"`  // documents they come from
	Discordance float64      `json:"discordance"`
	Needed      int          `json:"needed"` // questions that would show 5 points at this discordance
	Weak        bool         `json:"weak"`   // fewer than 200 questions (times need fewer: never)
	Shows       Shown        `json:"shows"`
	Seeds       []SeedEffect `json:"seeds"`
}

// SeedEffect is the effect in one training run.
type SeedEffect struct {
	Seed   int64   `json:"seed"`
	Effect float64 `json:"effect"`
}

// Shown says where the interval lies against the threshold.
type Shown string

const (
	ShowsClaim    Shown = "claim"    // wholly above
	ShowsOpposite Shown = "opposite" // wholly below
	ShowsNothing  Shown = "nothing"  // on both sides
	NoQuestions   Shown = "none"     // the comparison could not be made
)

// Options are the settings of the judgement.
type Options struct {
	Alpha     float64 // 0.05
	Margin    float64 // loss that still counts as none: 0.05
	Resamples int     // 10,000
	Seed      uint64  // of the bootstrap
}

// find makes a comparison.
func (c Comparison) find(e *Evidence, o Options) Finding {
	f := Finding{Text: c.Text, A: c.A, B: c.B, Time: c.Time, P: 1, McNemar: 1, Shows: NoQuestions}
	if c.NoLoss {
		f.Threshold = -o.Margin
	}
	items := e.where(c.Where)
	value := func(r Run, i int) float64 { return r.Scores[i] }
	if c.Time {
		e = e.timedOnly()
		items = e.timed(items, c.A, c.B)
		value = func(r Run, i int) float64 { return -math.Log(r.Seconds[i]) }
	}
	if len(items) == 0 || len(e.Runs[c.A]) == 0 || len(e.Runs[c.B]) == 0 {
		return f
	}
	differences := f.pair(e, items, value)
	resampled := stats.Bootstrap{Resamples: o.Resamples, Seed: o.Seed}.Resample(differences, e.clusters(items))
	f.Effect = resampled.Mean
	f.Low, f.High = resampled.Interval(1 - o.Alpha)
	f.P = resampled.P(f.Threshold)
	f.N, f.Clusters = len(items), distinct(e.clusters(items))
	f.MeanA, f.MeanB = e.mean(c.A, items), e.mean(c.B, items)
	if c.Time {
		f.MeanA, f.MeanB = e.geometric(c.A, items), e.geometric(c.B, items)
	}
	if e.Binary && !c.Time {
		f.P = max(f.P, f.discordance(e, items))
	}
	// No test by flipping the signs of whole clusters can fall below this, whatever the bootstrap says.
	f.P = max(f.P, math.Exp2(float64(1-f.Clusters)))
	f.judge()
	if c.Time {
		f.Effect, f.Low, f.High, f.Threshold = math.Exp(f.Effect), math.Exp(f.Low), math.Exp(f.High), 1
		for i := range f.Seeds {
			f.Seeds[i].Effect = math.Exp(f.Seeds[i].Effect)
		}
	}
	return f
}

// pair fills in the effect of each seed and returns, for each item, the difference A - B averaged over seeds: seeds are
// repetitions of the training, not further items.
func (f *Finding) pair(e *Evidence, items []int, value func(Run, int) float64) []float64 {
	differences := make([]float64, len(items))
	runs := pairs(e.Runs[f.A], e.Runs[f.B])
	for _, p := range runs {
		sum := 0.0
		for k, i := range items {
			d := value(p.a, i) - value(p.b, i)
			sum += d
			differences[k] += d / float64(len(runs))
		}
		f.Seeds = append(f.Seeds, SeedEffect{p.seed, sum / float64(len(items))})
	}
	return differences
}

type runPair struct {
	seed int64
	a, b Run
}

// pairs matches runs by seed; a system with a single run meets every run of the other.
func pairs(a, b []Run) []runPair {
	var out []runPair
	for _, x := range a {
		for _, y := range b {
			switch {
			case len(b) == 1:
				out = append(out, runPair{x.Seed, x, y})
			case len(a) == 1 || x.Seed == y.Seed:
				out = append(out, runPair{y.Seed, x, y})
			}
		}
	}
	return out
}

// discordance fills in McNemar's test and how often exactly one of the two was right. It returns the p-value of a test
// that, unlike the bootstrap, holds for few items: McNemar's, or Tango's where a loss up to the margin is allowed; over
// seeds the largest.
func (f *Finding) discordance(e *Evidence, items []int) float64 {
	total, p := 0, 0.0
	runs := pairs(e.Runs[f.A], e.Runs[f.B])
	f.McNemar = 0
	for _, r := range runs {
		b, c := 0, 0
		for _, i := range items {
			switch {
			case r.a.Scores[i] > r.b.Scores[i]:
				b++
			case r.a.Scores[i] < r.b.Scores[i]:
				c++
			}
		}
		f.McNemar = max(f.McNemar, stats.McNemar(b, c))
		p = max(p, stats.Tango(b, c, len(items), f.Threshold))
		total += b + c
	}
	f.Discordance = float64(total) / float64(len(items)*len(runs))
	if f.Threshold == 0 {
		return f.McNemar
	}
	return p
}

// judge places the interval.
func (f *Finding) judge() {
	f.Weak = !f.Time && f.N < stats.FewItems
	f.Needed = stats.NeededItems(0.05, f.Discordance)
	switch {
	case f.Low > f.Threshold:
		f.Shows = ShowsClaim
	case f.High < f.Threshold:
		f.Shows = ShowsOpposite
	default:
		f.Shows = ShowsNothing
	}
}

func distinct(names []string) int {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return len(seen)
}
