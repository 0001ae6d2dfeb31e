package stats

import "math"

// Wilson is the score interval of a proportion of k in n (Wilson 1927): unlike the usual ± it stays inside [0, 1] and is
// right for few items. n = 0 gives [0, 1].
func Wilson(k, n int, level float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	z := NormalQuantile((1 + level) / 2)
	p, m := float64(k)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

// NormalQuantile is the x with the given probability to its left under the standard normal distribution.
func NormalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
