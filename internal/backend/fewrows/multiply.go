//go:build goexperiment.simd

package fewrows

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Most is how many rows are few. From there on what it costs to sort a matrix into blocks pays.
const Most = 16

// share is the work, in products of two numbers, for which another core is worth to be asked.
const share = 1 << 16

// multiply computes the products of a batch of matrices: lhs [batch, m, k], rhs [batch, k, n] or, transposed, [batch, n, k], out
// [batch, m, n]. The work is cut into runs of columns that the cores take one after the other.
func multiply(turned bool, lhs, rhs, out []float32, batch, m, n, k int) {
	if batch == 0 || m == 0 || n == 0 {
		return
	}
	part := plain
	if turned {
		part = transposed
	}
	run := max(1, share/max(1, m*k)) // columns
	run = min(n, (run+63)/64*64)     // whole cache lines and vectors
	runs := (n + run - 1) / run
	jobs := batch * runs
	do := func(job int) {
		b, from := job/runs, job%runs*run
		part(lhs[b*m*k:(b+1)*m*k], rhs[b*n*k:(b+1)*n*k], out[b*m*n:(b+1)*m*n], m, n, k, from, min(from+run, n))
	}
	workers := min(jobs, runtime.GOMAXPROCS(0), batch*m*n*k/share)
	if workers < 2 {
		for job := range jobs {
			do(job)
		}
		return
	}
	var next atomic.Int64
	take := func() {
		for job := next.Add(1) - 1; job < int64(jobs); job = next.Add(1) - 1 {
			do(int(job))
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(take)
	}
	take()
	wg.Wait()
}
