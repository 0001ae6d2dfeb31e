package stats

// Draw returns n numbers of the generator, for the test of its reference output.
func Draw(seed, stream uint64, n int) []uint32 {
	r, out := newPCG(seed, stream), make([]uint32, n)
	for i := range out {
		out[i] = r.next()
	}
	return out
}
