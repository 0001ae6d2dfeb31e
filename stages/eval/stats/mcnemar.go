package stats

import "math"

// McNemar is the exact two-sided p-value that two systems are right equally often, where one alone was right on b items
// and the other alone on c: a binomial test of b in b+c at one half.
func McNemar(b, c int) float64 { return BinomialTwoSided(b, b+c) }

// BinomialTwoSided is the exact two-sided p-value of k successes in n at probability one half. The distribution is
// symmetric, so that it is twice the smaller tail.
func BinomialTwoSided(k, n int) float64 {
	tail, logHalf := 0.0, float64(n)*math.Log(2)
	for i := 0; i <= min(k, n-k); i++ {
		tail += math.Exp(logChoose(n, i) - logHalf)
	}
	return min(1, 2*tail)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
