package verdict

import "fettle/stages/eval/stats"

// Outcome of a claim.
type Outcome string

const (
	Supported    Outcome = "supported"
	Refuted      Outcome = "refuted"
	Inconclusive Outcome = "inconclusive"
	NotTested    Outcome = "not tested"
)

// Claim is something that people say of tuning and that the questions can test.
type Claim struct {
	Name   string
	Text   Text // the claim, in a sentence
	Parts  []Comparison
	Advice map[Outcome]Text // what follows for who has to decide
}

// Verdict is the judgement of one claim.
type Verdict struct {
	Claim    string    `json:"claim"`
	Text     Text      `json:"text"`
	Outcome  Outcome   `json:"outcome"`
	P        float64   `json:"p"`          // of the claim, unadjusted
	Adjusted float64   `json:"p_adjusted"` // by Holm over the claims tested
	Findings []Finding `json:"findings"`
	Advice   Text      `json:"advice"`
	Weak     bool      `json:"weak"` // some comparison has fewer than 200 questions
}

// Judge tests the named claims; the others are listed as not tested.
func Judge(e *Evidence, tested []string, o Options) []Verdict {
	wanted := map[string]bool{}
	for _, name := range tested {
		wanted[name] = true
	}
	var verdicts []Verdict
	var p []float64
	for _, claim := range Claims {
		v := Verdict{Claim: claim.Name, Text: claim.Text, Outcome: NotTested, P: 1, Adjusted: 1}
		if wanted[claim.Name] {
			for _, part := range claim.Parts {
				f := part.find(e, o)
				v.Weak = v.Weak || f.Weak
				v.Findings = append(v.Findings, f)
			}
			v.Outcome, v.P = weigh(v.Findings)
		}
		if v.Outcome != NotTested {
			p = append(p, v.P)
		}
		verdicts = append(verdicts, v)
	}
	adjusted := stats.Holm(p)
	for i := range verdicts {
		v := &verdicts[i]
		if v.Outcome != NotTested {
			v.Adjusted, adjusted = adjusted[0], adjusted[1:]
			if v.Adjusted >= o.Alpha {
				v.Outcome = Inconclusive
			}
		}
		v.Advice = advice(v.Claim, v.Outcome)
	}
	return verdicts
}

// weigh says what the comparisons of a claim show together and with what p-value. All must show the claim: the largest
// p-value counts (an intersection-union test). One that shows the opposite refutes it: the smallest counts, times the
// number of comparisons, for any of them could have.
func weigh(findings []Finding) (Outcome, float64) {
	largest, smallest := 0.0, 1.0
	all, opposite, made := true, false, 0
	for _, f := range findings {
		if f.Shows != NoQuestions {
			made++
		}
		all = all && f.Shows == ShowsClaim
		largest = max(largest, f.P)
		if f.Shows == ShowsOpposite {
			opposite = true
			smallest = min(smallest, f.P)
		}
	}
	switch {
	case made == 0:
		return NotTested, 1
	case opposite:
		return Refuted, min(1, smallest*float64(made))
	case all:
		return Supported, largest
	}
	return Inconclusive, largest
}

func advice(claim string, outcome Outcome) Text {
	if outcome == NotTested {
		return Text{"Not tested here.", "本次未检验。"}
	}
	for _, c := range Claims {
		if c.Name == claim {
			return c.Advice[outcome]
		}
	}
	return Text{}
}
