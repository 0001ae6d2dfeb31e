package quant

import "math/bits"

// lanes is the vector width that torch sums float32 with on AVX2; streams is how many vectors it keeps going.
const (
	lanes   = 8
	streams = 4
)

// mean is the float32 mean as torch computes it: the offset of double quantisation enters every dequantised weight, so
// its last bit counts. Sums run in lanes and streams, with partial sums carried up four levels (cascade_sum in torch).
func mean(values []float32) float32 {
	if len(values) == 0 {
		return 0
	}
	vectors := len(values) / lanes
	var sums [lanes]float32
	for lane := range sums {
		sums[lane] = laneSum(values[min(lane, len(values)):], vectors)
	}
	total := float32(0)
	for _, v := range values[vectors*lanes:] {
		total += v
	}
	for _, s := range sums {
		total += s
	}
	return total / float32(len(values))
}

// laneSum adds every lanes-th of the values, n in all.
func laneSum(values []float32, n int) float32 {
	rows := n / streams
	var parts [streams]float32
	for s := range parts {
		parts[s] = cascade(rows, func(i int) float32 { return values[(i*streams+s)*lanes] })
	}
	for i := rows * streams; i < n; i++ {
		parts[0] += values[i*lanes]
	}
	return parts[0] + parts[1] + parts[2] + parts[3]
}

// cascade adds n values in groups, groups of groups, and so on.
func cascade(n int, at func(i int) float32) float32 {
	const levels = 4
	power := 4
	if n > 1 {
		power = max(power, bits.Len(uint(n-1))/levels)
	}
	step := 1 << power
	var acc [levels]float32
	i := 0
	for i+step <= n {
		for end := i + step; i < end; i++ {
			acc[0] += at(i)
		}
		for level := 1; level < levels; level++ {
			acc[level] += acc[level-1]
			acc[level-1] = 0
			if i&((step-1)<<(level*power)) != 0 {
				break
			}
		}
	}
	for ; i < n; i++ {
		acc[0] += at(i)
	}
	return acc[0] + acc[1] + acc[2] + acc[3]
}
