package examples_test

import (
	"fmt"
	"strings"

	"fettle/stages/eval"
)

// Prefix gives an answer the share of its right answer that it begins with. In stages/eval/prefix.go it would register
// itself: var _ = register("prefix", &Prefix{})
type Prefix struct{}

// Score is between 0 and 1; of several right answers the best match counts.
func (*Prefix) Score(prediction string, answers []string) float64 {
	best := 0.0
	for _, a := range answers {
		n := 0
		for n < len(a) && strings.HasPrefix(prediction, a[:n+1]) {
			n++
		}
		best = max(best, float64(n)/float64(max(1, len(a))))
	}
	return best
}

// HigherIsBetter is asked of every metric; the one that decides verdicts must say true.
func (*Prefix) HigherIsBetter() bool { return true }

// A metric is one file with a type, its registration, Score and HigherIsBetter.
func Example_metric() {
	var m eval.Metric = &Prefix{}
	fmt.Println(m.Score("tar xf a", []string{"tar xz"}), m.Score("tar", []string{"tar"}))
	// Output: 0.8333333333333334 1
}
