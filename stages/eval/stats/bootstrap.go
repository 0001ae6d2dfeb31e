package stats

import (
	"math"
	"slices"
)

// Bootstrap is a percentile bootstrap over clusters of items.
type Bootstrap struct {
	Resamples int    // 10,000 where the result is reported
	Seed      uint64 // equal seeds give equal intervals
}

// Resampled holds the mean of the values and the sorted means of the resamples.
type Resampled struct {
	Mean  float64
	Means []float64
}

// Resample draws whole clusters with replacement, as many as there are, and takes the mean over the items drawn. Items of
// one document are not independent: a document is drawn whole or not at all. Values are differences for a paired
// comparison. Clusters are taken in order of appearance; an empty cluster list makes each item its own cluster.
func (b Bootstrap) Resample(values []float64, clusters []string) Resampled {
	sums, counts := clusterSums(values, clusters)
	if len(sums) == 0 {
		return Resampled{}
	}
	rng := newPCG(b.Seed, 1)
	means := make([]float64, b.Resamples)
	for i := range means {
		sum, n := 0.0, 0
		for range sums {
			k := rng.below(uint32(len(sums)))
			sum += sums[k]
			n += counts[k]
		}
		means[i] = sum / float64(n)
	}
	slices.Sort(means)
	total := 0.0
	for _, v := range values {
		total += v
	}
	return Resampled{Mean: total / float64(len(values)), Means: means}
}

func clusterSums(values []float64, clusters []string) (sums []float64, counts []int) {
	if len(clusters) == 0 {
		counts = make([]int, len(values))
		for i := range counts {
			counts[i] = 1
		}
		return values, counts
	}
	place := map[string]int{}
	for i, v := range values {
		k, seen := place[clusters[i]]
		if !seen {
			k = len(sums)
			place[clusters[i]] = k
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[k] += v
		counts[k]++
	}
	return sums, counts
}

// Interval is the percentile interval of the given level, 0.95 for instance, with linear interpolation between ranks.
func (r Resampled) Interval(level float64) (low, high float64) {
	return quantile(r.Means, (1-level)/2), quantile(r.Means, (1+level)/2)
}

// P is the two-sided bootstrap p-value of "the true mean is at": twice the smaller tail, both tails counting resamples
// that equal it, with the usual +1 so that it is never 0.
func (r Resampled) P(at float64) float64 {
	if len(r.Means) == 0 {
		return 1
	}
	const slack = 1e-12 // sums of cluster sums differ from the point by rounding alone
	below := len(r.Means) - rank(r.Means, at+slack, true)
	above := rank(r.Means, at-slack, false)
	// below counts means > at, above counts means < at; the tails hold the rest.
	tail := min(len(r.Means)-below, len(r.Means)-above)
	return min(1, 2*float64(tail+1)/float64(len(r.Means)+1))
}

// rank counts the sorted values that are < x, or <= x if closed.
func rank(sorted []float64, x float64, closed bool) int {
	n, _ := slices.BinarySearchFunc(sorted, x, func(v, x float64) int {
		if v < x || closed && v == x {
			return -1
		}
		return 1
	})
	return n
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	i := min(int(math.Floor(at)), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}
