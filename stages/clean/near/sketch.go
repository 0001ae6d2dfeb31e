// Package near finds near-duplicate texts: sketches whose places agree with the probability of the Jaccard similarity, bands
// that bring candidates together, an exact check of every candidate, and connected components.
package near

import (
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"fettle/stages/clean/units"
)

// Shingles are the distinct n-grams of a text as sorted 64-bit hashes; none when it has fewer than n units.
func Shingles(u *units.Units, n int, buf []uint64) []uint64 {
	buf = buf[:0]
	for i := 0; i+n <= u.Len(); i++ {
		buf = append(buf, xxh3.Hash(u.Gram(i, n)))
	}
	slices.Sort(buf)
	return slices.Compact(buf)
}

// Jaccard is the size of the intersection of two sorted sets, and of their union.
func Jaccard(a, b []uint64) (inter, union int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			inter++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return inter, len(a) + len(b) - inter
}

// Sketch fills t places from a set. Two sketches agree in a place with probability Jaccard(a, b), as with t independent
// MinHash functions, but in time O(|set| + t log t) instead of O(|set| t): Dahlgaard, Knudsen, Thorup, "Fast Similarity
// Sketching" (FOCS 2017). In round i < t every element is thrown into a random place, in round i >= t all into place i - t;
// a place keeps the smallest value of the first round that reached it.
func Sketch(set []uint64, seed uint64, out []uint64) {
	t := uint64(len(out))
	for i := range out {
		out[i] = ^uint64(0)
	}
	if len(set) == 0 {
		return
	}
	empty := len(out)
	for round := uint64(0); empty > 0; round++ {
		salt := mix(seed + (round+1)*0x9E3779B97F4A7C15)
		for _, x := range set {
			h := mix(x ^ salt)
			place := round - t
			if round < t {
				place, _ = bits.Mul64(h, t) // by the high bits of h
			}
			value := round<<48 | mix(h)>>16 // an earlier round is always smaller
			if old := out[place]; value < old {
				if old == ^uint64(0) {
					empty--
				}
				out[place] = value
			}
		}
	}
}

// mix is the finaliser of splitmix64 (Stafford's variant 13): a bijection whose output bits depend on all input bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// Bands hashes each run of `rows` places of a sketch; texts with an equal band are candidates.
func Bands(sketch []uint64, rows int, out []uint64) []uint64 {
	out = out[:0]
	for b := 0; (b+1)*rows <= len(sketch); b++ {
		h := uint64(b)
		for _, v := range sketch[b*rows : (b+1)*rows] {
			h = mix(h ^ v)
		}
		out = append(out, h)
	}
	return out
}
