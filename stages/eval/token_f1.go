package eval

import "fettle/stages/eval/words"

// TokenF1 is SQuAD 2.0's F1 over the bag of normalised words. Where either side has none it is 1 if both have none.
type TokenF1 struct{}

var _ = register("token_f1", &TokenF1{})

func (*TokenF1) Score(prediction string, answers []string) float64 {
	p := words.Fields(normalize(prediction))
	return best(golds(answers), func(a string) float64 {
		g := words.Fields(normalize(a))
		if len(g) == 0 || len(p) == 0 {
			return indicator(len(g) == len(p))
		}
		return bagF1(p, g)
	})
}

func (*TokenF1) HigherIsBetter() bool { return true }
