package tokenizer

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"fettle/internal/tokenizer/pattern"
)

// stretch is how many bytes of a long text one goroutine takes at a time.
const stretch = 256 << 10

// together encodes a long text with as many helpers as are free; false where there are none. Stretches begin where a word surely
// does, by guess. If the words of one do not end where the next begins, the next is encoded again from where they end: the ids
// never depend on how many were at work.
func (e *encoder) together(p *pattern.Pattern, s string, size int) bool {
	helpers := e.t.hire(len(s)/size - 1)
	if helpers == 0 {
		return false
	}
	starts := stretches(s, size)
	parts := make([]stretchIDs, len(starts)-1)
	var next atomic.Int64
	work := func(e *encoder) {
		for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
			ids, n := e.quick.encode(e.quick.spare[:0], p, s[starts[i]:], starts[i+1]-starts[i])
			e.quick.spare = ids
			parts[i] = stretchIDs{slices.Clone(ids), starts[i] + n}
		}
	}
	var wait sync.WaitGroup
	for range helpers {
		wait.Go(func() {
			helper := e.t.encoder()
			work(helper)
			e.t.release(helper)
			e.t.helping.Add(-1)
		})
	}
	work(e)
	wait.Wait()
	at := 0
	for i := range parts {
		switch {
		case at == starts[i]:
			e.ids, at = append(e.ids, parts[i].ids...), parts[i].end
		case at < starts[i+1]:
			var n int
			e.ids, n = e.quick.encode(e.ids, p, s[at:], starts[i+1]-at)
			at += n
		}
	}
	return true
}

// hire takes up to n of the helpers that are free, one fewer than processors being all, and says how many.
func (t *Tokenizer) hire(n int) int {
	hired := 0
	for ; hired < n; hired++ {
		busy := t.helping.Load()
		if int(busy) >= runtime.GOMAXPROCS(0)-1 {
			break
		}
		if !t.helping.CompareAndSwap(busy, busy+1) {
			hired--
		}
	}
	return hired
}

// stretchIDs are the ids of a stretch, and where its last word ends.
type stretchIDs struct {
	ids []int32
	end int
}

// stretches are where stretches of a text begin, and its end: before a space or a line end after a letter, where there is one
// near, else between any two characters.
func stretches(s string, size int) []int {
	starts := []int{0}
	for at := size; at < len(s)-size/2; at += size {
		near := min(at+size/4, len(s))
		best := max(at, starts[len(starts)-1]+1)
		for i := best; i < near; i++ {
			if c := s[i]; (c == ' ' || c == '\n') && s[i-1]|0x20 >= 'a' && s[i-1]|0x20 <= 'z' {
				best = i
				break
			}
		}
		for best < len(s) && !utf8.RuneStart(s[best]) {
			best++
		}
		if best >= len(s) {
			break
		}
		starts = append(starts, best)
	}
	return append(starts, len(s))
}
