package tokenizer

import (
	"runtime"
	"sync"
	"unicode/utf8"

	"fettle/internal/tokenizer/pattern"
)

// stretch is how many bytes of a long text one goroutine takes at a time.
const stretch = 256 << 10

// together encodes a long text on all processors; false where there is but one. Stretches begin where a word surely does, by
// guess. If the words of one do not end where the next begins, the next is encoded again from where they end: the ids never
// depend on how many were at work.
func (e *encoder) together(p *pattern.Pattern, s string, size int) bool {
	if runtime.GOMAXPROCS(0) < 2 {
		return false
	}
	starts := stretches(s, size)
	parts := make([]stretchIDs, len(starts)-1)
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range parts {
		limit <- struct{}{}
		wait.Go(func() {
			worker := e.t.encoder()
			parts[i].ids, parts[i].end = worker.quick.encode(nil, p, s[starts[i]:], starts[i+1]-starts[i])
			parts[i].end += starts[i]
			e.t.release(worker)
			<-limit
		})
	}
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
		at = max(at, starts[len(starts)-1]+1)
		best := at
		for ; best < min(at+size/4, len(s)); best++ {
			if c := s[best]; (c == ' ' || c == '\n') && s[best-1]|0x20 >= 'a' && s[best-1]|0x20 <= 'z' {
				break
			}
		}
		if best == min(at+size/4, len(s)) {
			best = at
		}
		for best < len(s) && !utf8.RuneStart(s[best]) {
			best++
		}
		starts = append(starts, best)
	}
	return append(starts, len(s))
}
