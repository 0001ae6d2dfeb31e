package eval

// ExactMatch is SQuAD's exact match: equal after normalisation. A question without a right answer wants an empty one.
type ExactMatch struct{}

var _ = register("exact_match", &ExactMatch{})

func (*ExactMatch) Score(prediction string, answers []string) float64 {
	p := normalize(prediction)
	return best(golds(answers), func(a string) float64 { return indicator(normalize(a) == p) })
}

func (*ExactMatch) HigherIsBetter() bool { return true }
func (*ExactMatch) Binary()              {}
