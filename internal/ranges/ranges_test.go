package ranges

import (
	"sync/atomic"
	"testing"
)

// Every element is worked on once, whatever the sizes.
func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 7, 64, 1000} {
		for _, least := range []int{0, 1, 10, 2000} {
			seen := make([]atomic.Int32, n)
			Each(n, least, func(from, to int) {
				for i := from; i < to; i++ {
					seen[i].Add(1)
				}
			})
			for i := range seen {
				if got := seen[i].Load(); got != 1 {
					t.Fatalf("n %d, least %d: element %d was worked on %d times", n, least, i, got)
				}
			}
		}
	}
}
