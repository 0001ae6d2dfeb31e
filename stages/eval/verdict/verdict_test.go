package verdict_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
	"fettle/stages/eval/verdict"
)

var options = verdict.Options{Alpha: 0.05, Margin: 0.05, Resamples: 2000, Seed: 1}

// world makes n questions in each stratum and lets right say how likely a system is to answer (in whole tenths).
func world(n int, seeds []int64, right func(system string, q schemas.Question) int) *verdict.Evidence {
	e := &verdict.Evidence{Binary: true, Runs: map[string][]verdict.Run{}}
	for _, fact := range []bool{true, false} {
		for _, known := range []bool{true, false} {
			for _, wording := range []string{verdict.Seen, verdict.Reworded, verdict.New} {
				if fact == (wording == verdict.New) {
					continue
				}
				for i := range n {
					e.Questions = append(e.Questions, schemas.Question{
						ID: fmt.Sprint(fact, known, wording, i), Group: fmt.Sprint(fact, known, i/2), Fact: fact, Known: known, Wording: wording,
					})
				}
			}
		}
	}
	for _, system := range verdict.Systems {
		for k, seed := range seeds {
			if k > 0 && !verdict.IsTuned(system) {
				continue
			}
			run := verdict.Run{Seed: seed}
			for i, q := range e.Questions {
				run.Scores = append(run.Scores, 0)
				if (i*7+k)%10 < right(system, q) {
					run.Scores[i] = 1
				}
				seconds := 0.010 + 0.0001*float64(i%13)
				if system == verdict.BaseRAG || system == verdict.TunedRAG {
					seconds *= 3
				}
				run.Seconds = append(run.Seconds, seconds)
			}
			e.Runs[system] = append(e.Runs[system], run)
		}
	}
	return e
}

// usual is what one expects: tuning knows what was trained, retrieval reads what it finds, both together do both.
func usual(system string, q schemas.Question) int {
	trained, found := q.Fact, q.Known
	switch system {
	case verdict.Tuned:
		if trained {
			return 8
		}
	case verdict.BaseRAG:
		if found {
			return 4
		}
	case verdict.TunedRAG:
		if trained && found {
			return 10
		} else if trained {
			return 9
		} else if found {
			return 6
		}
	case verdict.Oracle:
		return 6
	}
	return 0
}

func outcomes(vs []verdict.Verdict) map[string]verdict.Outcome {
	out := map[string]verdict.Outcome{}
	for _, v := range vs {
		out[v.Claim] = v.Outcome
	}
	return out
}

func TestOutcomes(t *testing.T) {
	untested := func(scope, independence, speed, combination verdict.Outcome) map[string]verdict.Outcome {
		return map[string]verdict.Outcome{
			"scope": scope, "independence": independence, "speed": speed, "combination": combination,
			"control": verdict.NotTested, "style": verdict.NotTested, "degradation": verdict.NotTested,
		}
	}
	for _, tt := range []struct {
		name  string
		n     int
		right func(string, schemas.Question) int
		want  map[string]verdict.Outcome
	}{
		{"the usual picture: new facts need retrieval", 120, usual,
			untested(verdict.Refuted, verdict.Supported, verdict.Supported, verdict.Supported)},
		{"nobody knows anything", 120, func(string, schemas.Question) int { return 0 },
			untested(verdict.Inconclusive, verdict.Inconclusive, verdict.Supported, verdict.Inconclusive)},
		{"tuning knows all, even what was not trained", 120,
			func(system string, _ schemas.Question) int {
				if system == verdict.Tuned || system == verdict.TunedRAG {
					return 9
				}
				return 2
			}, untested(verdict.Supported, verdict.Supported, verdict.Supported, verdict.Inconclusive)},
		{"tuning breaks the model", 120,
			func(system string, _ schemas.Question) int {
				if verdict.IsTuned(system) {
					return 0
				}
				return 5
			}, untested(verdict.Refuted, verdict.Refuted, verdict.Supported, verdict.Refuted)},
		{"two questions prove nothing", 2, usual,
			untested(verdict.Inconclusive, verdict.Inconclusive, verdict.Inconclusive, verdict.Inconclusive)},
	} {
		got := verdict.Judge(world(tt.n, []int64{1}, tt.right), verdict.Names(), options)
		if diff := cmp.Diff(tt.want, outcomes(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			for _, v := range got {
				for _, f := range v.Findings {
					t.Logf("%s: %s: %.3f [%.3f, %.3f] p %.4f (McNemar %.4f) n %d shows %s", v.Claim, f.Text.EN, f.Effect, f.Low, f.High, f.P, f.McNemar, f.N, f.Shows)
				}
			}
		}
	}
}

func TestFindingFigures(t *testing.T) {
	vs := verdict.Judge(world(120, []int64{1}, usual), []string{"independence", "speed"}, options)
	down := vs[1].Findings[0]
	if down.N != 240 || down.MeanB != 0 || math.Abs(down.MeanA-0.8) > 0.01 || math.Abs(down.Effect-down.MeanA) > 1e-12 || down.Weak {
		t.Errorf("retrieval down: %+v", down)
	}
	missing := vs[1].Findings[1]
	if missing.N != 120 || !missing.Weak || missing.Clusters != 60 || missing.Needed < 200 {
		t.Errorf("document missing: %+v", missing)
	}
	speed := vs[2].Findings[0]
	if math.Abs(speed.Effect-3) > 1e-9 || speed.Threshold != 1 || math.Abs(speed.MeanB/speed.MeanA-3) > 1e-9 {
		t.Errorf("speed: %+v", speed)
	}
	if vs[0].Outcome != verdict.NotTested || vs[0].Findings != nil {
		t.Errorf("a claim that was not asked for was tested: %+v", vs[0])
	}
	// Holm over the two claims tested: the smaller p doubles.
	for _, v := range vs[1:3] {
		if v.Adjusted < v.P || v.Adjusted > 2*v.P {
			t.Errorf("%s: p %v adjusted to %v", v.Claim, v.P, v.Adjusted)
		}
	}
}

// Three seeds are three trainings of the same questions: n stays, each seed's effect is shown.
func TestSeedsAreNotItems(t *testing.T) {
	one := verdict.Judge(world(120, []int64{1}, usual), verdict.Names(), options)
	three := verdict.Judge(world(120, []int64{1, 2, 3}, usual), verdict.Names(), options)
	for c := range one {
		for i, f := range three[c].Findings {
			if f.N != one[c].Findings[i].N {
				t.Errorf("%s: n %d with three seeds, %d with one", three[c].Claim, f.N, one[c].Findings[i].N)
			}
			if len(f.Seeds) != 3 {
				t.Errorf("%s: %d seeds shown, want 3", three[c].Claim, len(f.Seeds))
			}
		}
	}
}

func TestStrataPartQuestions(t *testing.T) {
	for _, q := range world(3, []int64{1}, usual).Questions {
		n := 0
		for _, s := range verdict.Strata {
			if s.Has(q) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%+v is in %d strata", q, n)
		}
	}
}

func TestNoQuestions(t *testing.T) {
	for _, v := range verdict.Judge(&verdict.Evidence{}, verdict.Names(), options) {
		if v.Outcome != verdict.NotTested || v.Advice.ZH == "" {
			t.Errorf("%s without questions: %s", v.Claim, v.Outcome)
		}
	}
}
