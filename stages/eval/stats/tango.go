package stats

import "math"

// Tango is the two-sided p-value of the score test that the difference of two paired proportions is delta: of n items one
// system alone was right on b, the other alone on c (Tango, Statistics in Medicine 17, 1998). Unlike a bootstrap it knows
// that no difference in a few items is no proof of none.
func Tango(b, c, n int, delta float64) float64 {
	if n == 0 {
		return 1
	}
	x, y, m := float64(b), float64(c), float64(n)
	// q is the probability of c's kind under the hypothesis: the root of 2n·q² + p·q + r.
	p := -x - y + (2*m-x+y)*delta
	r := -y * delta * (1 - delta)
	q := (math.Sqrt(max(0, p*p-8*m*r)) - p) / (4 * m)
	variance := m * (2*q + delta*(1-delta))
	if variance <= 0 {
		return 1
	}
	return math.Erfc(math.Abs(x-y-m*delta) / math.Sqrt(2*variance))
}
