package eval

import "fettle/internal/config"

// Metric scores one answer against the right ones; the best match counts. One value belongs to one file.
type Metric interface {
	Score(prediction string, answers []string) float64
	HigherIsBetter() bool
}

// Aggregator is implemented by a metric whose figure over many answers is not the mean of its scores.
type Aggregator interface {
	Aggregate(scores []float64) float64
}

// Binary is implemented by a metric whose score is 0 or 1, so that McNemar's test applies to it.
type Binary interface{ Binary() }

func register(name string, m Metric) bool {
	config.Register(name, m)
	return true
}

// Aggregate is the figure of a metric over many answers: its own, or the mean; 0 for none.
func Aggregate(m Metric, scores []float64) float64 {
	if own, ok := m.(Aggregator); ok {
		return own.Aggregate(scores)
	}
	if len(scores) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range scores {
		sum += s
	}
	return sum / float64(len(scores))
}

// best is the highest score over the right answers, 0 where there is none.
func best(answers []string, score func(answer string) float64) float64 {
	top := 0.0
	for _, a := range answers {
		top = max(top, score(a))
	}
	return top
}

func indicator(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
