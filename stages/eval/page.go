package eval

import (
	"slices"

	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/stats"
	"fettle/stages/eval/verdict"
)

// notSeen holds for questions that were not trained to the letter.
func notSeen(q schemas.Question) bool { return q.Wording != verdict.Seen }

// page lays the results out for the report.
func (r *results) page(verdicts []verdict.Verdict, p *prompter) report.Page {
	s := r.settings
	page := report.Page{Metric: s.Metric.Name, Alpha: s.Judge.Alpha, Margin: s.Judge.Margin, Verdicts: verdicts,
		Seeds: r.evidence().Seeds(), Heat: r.heat(), Latency: r.latency(), Flips: r.flips(verdict.Tuned, verdict.BaseRAG), Retrieval: r.retrieval(p)}
	for _, m := range s.Metrics {
		row := report.MetricRow{Name: m.Name}
		for _, system := range page.Heat.Systems {
			mean, _ := r.mean(m.Name, system, notSeen)
			row.Values = append(row.Values, mean)
		}
		page.Metrics = append(page.Metrics, row)
	}
	for _, system := range []string{verdict.Base, verdict.Tuned} {
		if p := r.proportion(system, func(i, k int) (bool, bool) { return !r.questions[i].Fact, r.right(k, i) }); p.N > 0 {
			page.Probe = append(page.Probe, p)
		}
	}
	for _, system := range page.Heat.Systems {
		page.Cut = append(page.Cut, r.proportion(system, func(i, k int) (bool, bool) { return true, !r.predictions[k][i].Stopped }))
	}
	return page
}

// right says whether an answer counts as right: fully, where the metric has shades.
func (r *results) right(sitting, question int) bool {
	return r.scores[r.settings.Metric.Name][sitting][question] >= 1
}

// proportion counts over the sittings of a system: of the answers that are counted, those that are hit.
func (r *results) proportion(system string, count func(question, sitting int) (counted, hit bool)) report.Proportion {
	out := report.Proportion{Text: verdict.SystemText(system)}
	for k, s := range r.sittings {
		if s.system != system {
			continue
		}
		for i := range r.questions {
			counted, hit := count(i, k)
			if counted {
				out.N++
			}
			if counted && hit {
				out.K++
			}
		}
	}
	out.Low, out.High = stats.Wilson(out.K, out.N, 0.95)
	return out
}

// heat is the table of strata and systems. Intervals are Wilson's where scores are 0 or 1, else from the bootstrap.
func (r *results) heat() report.Heat {
	heat := report.Heat{Systems: r.systems()}
	_, binary := r.settings.Metric.Value.(Binary)
	for _, stratum := range verdict.Strata {
		row := report.HeatRow{Name: stratum.Name, Text: stratum.Text}
		for _, system := range heat.Systems {
			mean, n := r.mean(r.settings.Metric.Name, system, stratum.Has)
			cell := report.Cell{Mean: mean, N: n}
			if binary {
				cell.Low, cell.High = stats.Wilson(int(mean*float64(n)+0.5), n, 0.95)
			} else {
				cell.Low, cell.High = r.interval(system, stratum.Has)
			}
			row.N, row.Cells = n, append(row.Cells, cell)
		}
		if row.N > 0 {
			heat.Rows = append(heat.Rows, row)
		}
	}
	return heat
}

func (r *results) interval(system string, has func(schemas.Question) bool) (low, high float64) {
	var values []float64
	var clusters []string
	for k, s := range r.sittings {
		for i, q := range r.questions {
			if s.system == system && has(q) {
				values, clusters = append(values, r.scores[r.settings.Metric.Name][k][i]), append(clusters, q.Group+q.DocID)
			}
		}
	}
	return stats.Bootstrap{Resamples: r.settings.Judge.Resamples, Seed: r.settings.Judge.Seed}.Resample(values, clusters).Interval(0.95)
}

// latency sums the times up by system.
func (r *results) latency() []report.Latency {
	var out []report.Latency
	for _, system := range r.systems() {
		var search, prompt, answer, total []float64
		tokens := 0.0
		for _, l := range r.latencies {
			if l.System == system {
				search, prompt, answer, total = append(search, l.Search), append(prompt, l.Prompt), append(answer, l.Answer), append(total, l.Total)
				tokens += float64(l.PromptTokens)
			}
		}
		if len(total) == 0 {
			continue
		}
		out = append(out, report.Latency{System: system, Search: quantile(search, 0.5), Prompt: quantile(prompt, 0.5), Answer: quantile(answer, 0.5),
			P50: quantile(total, 0.5), P95: quantile(total, 0.95), PromptTokens: tokens / float64(len(total)), N: len(total)})
	}
	return out
}

// quantile is the nearest-rank quantile.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
