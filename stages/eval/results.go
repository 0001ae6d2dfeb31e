package eval

import (
	"fettle/schemas"
	"fettle/stages/eval/verdict"
)

// results is what the exam gave. Predictions lie sitting by sitting, each in the order of the questions.
type results struct {
	settings    Settings
	questions   []schemas.Question
	sittings    []sitting
	predictions [][]schemas.Prediction // by sitting
	latencies   []Latency
	scores      map[string][][]float64 // metric -> by sitting -> by question
}

// score applies every metric to every answer.
func (r *results) score() []schemas.Score {
	var out []schemas.Score
	r.scores = map[string][][]float64{}
	for _, metric := range r.settings.allMetrics() {
		for k, predictions := range r.predictions {
			values := make([]float64, len(predictions))
			for i, p := range predictions {
				values[i] = metric.Value.Score(p.Answer, r.questions[i].Answers)
				out = append(out, schemas.Score{Question: p.Question, System: p.System, Seed: r.sittings[k].seed, Metric: metric.Name, Value: values[i]})
			}
			r.scores[metric.Name] = append(r.scores[metric.Name], values)
		}
	}
	return out
}

// evidence lays the deciding scores and the times out for judgement.
func (r *results) evidence() *verdict.Evidence {
	e := &verdict.Evidence{Questions: r.questions, Runs: map[string][]verdict.Run{}}
	_, e.Binary = r.settings.Metric.Value.(Binary)
	place := map[string]int{}
	for i, q := range r.questions {
		place[q.ID] = i
	}
	for k, s := range r.sittings {
		run := verdict.Run{Seed: s.seed, Scores: r.scores[r.settings.Metric.Name][k]}
		for _, l := range r.latencies {
			if l.System != s.system || l.Seed != s.seed {
				continue
			}
			if run.Seconds == nil {
				run.Seconds = make([]float64, len(r.questions))
			}
			run.Seconds[place[l.Question]] = l.Total
		}
		e.Runs[s.system] = append(e.Runs[s.system], run)
	}
	return e
}

// verdicts judges the claims.
func (r *results) verdicts() []verdict.Verdict {
	j := r.settings.Judge
	return verdict.Judge(r.evidence(), r.settings.Claims, verdict.Options{Alpha: j.Alpha, Margin: j.Margin, Resamples: j.Resamples, Seed: j.Seed})
}

// systems lists the systems that took the exam, in the order of tables.
func (r *results) systems() []string {
	var out []string
	for _, name := range verdict.Systems {
		for _, s := range r.sittings {
			if s.system == name {
				out = append(out, name)
				break
			}
		}
	}
	return out
}

// mean is the mean of a metric for a system over the questions that has takes and all seeds, and the number of questions.
func (r *results) mean(metric, system string, has func(schemas.Question) bool) (mean float64, n int) {
	var values []float64
	m := r.settings.allMetrics()
	for k, s := range r.sittings {
		if s.system != system {
			continue
		}
		n = 0
		for i, q := range r.questions {
			if has(q) {
				values = append(values, r.scores[metric][k][i])
				n++
			}
		}
	}
	for _, c := range m {
		if c.Name == metric {
			return Aggregate(c.Value, values), n
		}
	}
	return 0, n
}
