package stats

import "math/bits"

// pcg is PCG-XSH-RR 64/32 (O'Neill 2014): its numbers are fixed by this file, not by a library's version.
type pcg struct{ state, inc uint64 }

func newPCG(seed, stream uint64) *pcg {
	r := &pcg{inc: stream<<1 | 1}
	r.next()
	r.state += seed
	r.next()
	return r
}

func (r *pcg) next() uint32 {
	old := r.state
	r.state = old*6364136223846793005 + r.inc
	return bits.RotateLeft32(uint32((old>>18^old)>>27), -int(old>>59))
}

// below is uniform on [0, n): Lemire's multiplication with rejection (ACM TOMACS 29, 2019).
func (r *pcg) below(n uint32) uint32 {
	for {
		product := uint64(r.next()) * uint64(n)
		if low := uint32(product); low >= n || low >= -n%n {
			return uint32(product >> 32)
		}
	}
}
