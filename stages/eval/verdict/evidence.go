package verdict

import (
	"slices"

	"fettle/schemas"
)

// Evidence is what the systems did on the questions. Slices run parallel to Questions.
type Evidence struct {
	Questions []schemas.Question
	Runs      map[string][]Run // by system; one run per seed, a single one for systems without an adapter
	Binary    bool             // scores are 0 or 1
}

// Run is one pass of a system over all questions.
type Run struct {
	Seed    int64
	Scores  []float64 // of the primary metric, higher is better
	Seconds []float64 // wall time of each answer, 0 = not timed; nil = none was (seeds but the first)
}

// where lists the places of the questions that a filter takes.
func (e *Evidence) where(has func(schemas.Question) bool) []int {
	var out []int
	for i, q := range e.Questions {
		if has(q) {
			out = append(out, i)
		}
	}
	return out
}

// clusters names the unit of the bootstrap for each item: its group, else its document, else itself.
func (e *Evidence) clusters(items []int) []string {
	out := make([]string, len(items))
	for k, i := range items {
		q := e.Questions[i]
		switch {
		case q.Group != "":
			out[k] = q.Group
		case q.DocID != "":
			out[k] = q.DocID
		default:
			out[k] = q.ID
		}
	}
	return out
}

// mean is the mean score of a system over items and seeds.
func (e *Evidence) mean(system string, items []int) float64 {
	sum, n := 0.0, 0
	for _, run := range e.Runs[system] {
		for _, i := range items {
			sum += run.Scores[i]
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Seeds lists the seeds of the tuned systems' runs, in order.
func (e *Evidence) Seeds() []int64 {
	var out []int64
	for _, system := range Systems {
		if !IsTuned(system) {
			continue
		}
		for _, run := range e.Runs[system] {
			if !slices.Contains(out, run.Seed) {
				out = append(out, run.Seed)
			}
		}
	}
	slices.Sort(out)
	return out
}
