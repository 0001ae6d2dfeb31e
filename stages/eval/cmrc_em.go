package eval

// CMRCEM is the exact match of the CMRC 2018 scorer: equal without its punctuation and case, white space inside kept.
type CMRCEM struct{}

var _ = register("cmrc_em", &CMRCEM{})

func (*CMRCEM) Score(prediction string, answers []string) float64 {
	p := cmrcStrip(prediction)
	return best(answers, func(a string) float64 { return indicator(cmrcStrip(a) == p) })
}

func (*CMRCEM) HigherIsBetter() bool { return true }
func (*CMRCEM) Binary()              {}
