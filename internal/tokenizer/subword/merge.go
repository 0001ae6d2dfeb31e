package subword

// A symbol is a token of a word not yet fully merged. rank and to are of its pair with the next one.
type symbol struct {
	id, n    int32
	rank, to int32
}

// shortWord is up to how many symbols looking for the best pair by eye beats a heap.
const shortWord = 48

// merge joins, again and again, the pair of least rank, the leftmost of equals.
func (p *pairs) merge(w []symbol, s *Scratch) []symbol {
	if len(w) > shortWord {
		return p.mergeLong(w, s)
	}
	for i := range w[:max(len(w)-1, 0)] {
		w[i].rank, w[i].to = p.get(w[i].id, w[i+1].id)
	}
	for len(w) > 1 {
		best, rank := -1, noRank
		for i := range w[:len(w)-1] {
			if w[i].rank < rank {
				best, rank = i, w[i].rank
			}
		}
		if best < 0 {
			break
		}
		w[best].id = w[best].to
		w[best].n += w[best+1].n
		copy(w[best+1:], w[best+2:])
		w = w[:len(w)-1]
		if best+1 < len(w) {
			w[best].rank, w[best].to = p.get(w[best].id, w[best+1].id)
		}
		if best > 0 {
			w[best-1].rank, w[best-1].to = p.get(w[best-1].id, w[best].id)
		}
	}
	return w
}

// link chains the symbols that are left; -1 is the end.
type link struct{ prev, next int32 }

// candidate is a pair that may be joined: rank above place, so that candidates sort by both.
type candidate struct {
	key uint64
	to  int32
}

// mergeLong is merge with a heap of candidates: n log n.
func (p *pairs) mergeLong(w []symbol, s *Scratch) []symbol {
	links, queue := s.links[:0], s.queue[:0]
	for i := range w {
		links = append(links, link{int32(i - 1), int32(i + 1)})
	}
	links[len(links)-1].next = -1
	push := func(left, right int32) {
		if rank, to := p.get(w[left].id, w[right].id); rank != noRank {
			queue = pushCandidate(queue, candidate{uint64(rank)<<32 | uint64(left), to})
		}
	}
	for i := range w[:len(w)-1] {
		push(int32(i), int32(i+1))
	}
	for len(queue) > 0 {
		var top candidate
		top, queue = popCandidate(queue)
		left := int32(uint32(top.key))
		right := links[left].next
		if right < 0 { // the last one, or one that has been joined
			continue
		}
		// The pair may have changed since; what counts is the token that it makes now.
		if rank, to := p.get(w[left].id, w[right].id); rank == noRank || to != top.to {
			continue
		}
		w[left].id = top.to
		w[left].n += w[right].n
		links[left].next, links[right].next = links[right].next, -1
		if next := links[left].next; next >= 0 {
			links[next].prev = left
			push(left, next)
		}
		if prev := links[left].prev; prev >= 0 {
			push(prev, left)
		}
	}
	s.links, s.queue = links, queue
	out := w[:0]
	for i := int32(0); i >= 0; i = links[i].next {
		out = append(out, w[i])
	}
	return out
}

func pushCandidate(q []candidate, c candidate) []candidate {
	q = append(q, c)
	for i := len(q) - 1; i > 0; {
		up := (i - 1) / 2
		if q[up].key <= c.key {
			break
		}
		q[i], q[up] = q[up], c
		i = up
	}
	return q
}

func popCandidate(q []candidate) (candidate, []candidate) {
	top, last := q[0], q[len(q)-1]
	q = q[:len(q)-1]
	for i := 0; i < len(q); {
		down := 2*i + 1
		if down+1 < len(q) && q[down+1].key < q[down].key {
			down++
		}
		if down >= len(q) || last.key <= q[down].key {
			q[i] = last
			break
		}
		q[i] = q[down]
		i = down
	}
	return top, q
}
