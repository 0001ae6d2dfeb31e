// Package ranges spreads work on the elements of a slice over all processors.
package ranges

import (
	"runtime"
	"sync"
)

// Each calls work for ranges that together are [0, n), at the same time where there are several of at least so many elements. What
// work does to one element must not depend on where a range begins: results are then the same on any number of processors.
func Each(n, least int, work func(from, to int)) {
	parts := max(1, min(runtime.GOMAXPROCS(0), n/max(1, least)))
	if parts == 1 {
		work(0, n)
		return
	}
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() { work(i*n/parts, (i+1)*n/parts) })
	}
	all.Wait()
}
