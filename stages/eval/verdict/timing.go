package verdict

import "math"

// timedOnly is the evidence without the runs that were not timed.
func (e *Evidence) timedOnly() *Evidence {
	out := &Evidence{Questions: e.Questions, Runs: map[string][]Run{}}
	for system, runs := range e.Runs {
		for _, run := range runs {
			if run.Seconds != nil {
				out.Runs[system] = append(out.Runs[system], run)
			}
		}
	}
	return out
}

// timed keeps the items that every run of both systems has a time for.
func (e *Evidence) timed(items []int, systems ...string) []int {
	var out []int
	for _, i := range items {
		ok := true
		for _, s := range systems {
			for _, run := range e.Runs[s] {
				ok = ok && run.Seconds[i] > 0
			}
		}
		if ok {
			out = append(out, i)
		}
	}
	return out
}

// geometric is the geometric mean of a system's times over items and seeds.
func (e *Evidence) geometric(system string, items []int) float64 {
	sum, n := 0.0, 0
	for _, run := range e.Runs[system] {
		for _, i := range items {
			sum += math.Log(run.Seconds[i])
			n++
		}
	}
	return math.Exp(sum / float64(n))
}
