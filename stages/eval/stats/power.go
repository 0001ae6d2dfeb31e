package stats

import "math"

// FewItems is the number of paired items below which a comparison is marked as weak.
const FewItems = 200

// NeededItems is how many paired items show a difference of two proportions with 80 % power at the two-sided 5 % level,
// where the two systems disagree on the share discordance of items (Connor, Biometrics 43, 1987): 5 points at a
// discordance of 0.2 need about 620. A discordance below the difference cannot be; it is raised to it.
func NeededItems(difference, discordance float64) int {
	d := math.Abs(difference)
	if d == 0 {
		return 0
	}
	discordance = max(discordance, d)
	n := NormalQuantile(0.975)*math.Sqrt(discordance) + NormalQuantile(0.80)*math.Sqrt(discordance-d*d)
	return int(math.Ceil(n * n / (d * d)))
}
