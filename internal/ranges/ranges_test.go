package ranges

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// Every element is worked on once, whatever the sizes.
func TestEach(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
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

// Where there is enough for several processors, they work at the same time; where there is not, one does.
func TestEachAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, tt := range []struct{ n, least, parts int }{{40, 10, 4}, {1000, 10, 4}, {39, 10, 3}, {19, 10, 1}, {0, 10, 1}} {
		var calls atomic.Int32
		begun := make(chan bool)
		Each(tt.n, tt.least, func(int, int) {
			if int(calls.Add(1)) == tt.parts {
				close(begun)
			}
			select { // none ends before all have begun
			case <-begun:
			case <-time.After(10 * time.Second):
			}
		})
		select {
		case <-begun:
		default:
			t.Errorf("n %d, least %d: %d parts, want %d", tt.n, tt.least, calls.Load(), tt.parts)
		}
	}
}
