package tokenizer

import (
	"slices"

	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
	"fettle/internal/tokenizer/swar"
)

// quick encodes what a pattern cuts for a byte-level model, the way of nearly all text: words in batches, known ones by two
// machine words, others in the pieces that no token reaches over.
type quick struct {
	bpe     *subword.BPE
	seams   *subword.Seams
	part    uint8 // marks what is only a part of a word, where that makes a difference
	short   wordCache
	long    [2]cache // words and parts that are not short
	pieces  []subword.Piece
	scratch subword.Scratch

	s     string
	start int     // of the first word that is not encoded yet
	ids   []int32 // of those that are
	ends  [256]int
	cuts  [64]int
	spare []int32 // memory for stretches
	stop  int     // words that begin there or later are somebody else's
	flush func(ends []int) bool
}

// newQuick is nil for models that do not take bytes.
func newQuick(model subword.Model) *quick {
	bpe, ok := model.(*subword.BPE)
	if !ok || bpe.Seams() == nil {
		return nil
	}
	q := &quick{bpe: bpe, seams: bpe.Seams(), short: wordCache{new([1 << wordBits]wordLine)}}
	if bpe.WholeFirst() {
		q.part = 0x80
	}
	q.flush = q.take
	return q
}

// encode appends the ids of the words of s that begin before stop, and says where the last of them ends.
func (q *quick) encode(ids []int32, p *pattern.Pattern, s string, stop int) ([]int32, int) {
	q.s, q.start, q.ids, q.stop = s, 0, ids, stop
	p.Words(s, q.ends[:0], q.flush)
	ids = q.ids
	q.s, q.ids = "", nil
	return ids, q.start
}

// take takes words by their ends; false once they reach stop.
func (q *quick) take(ends []int) bool {
	if ends[len(ends)-1] < q.stop {
		q.words(ends)
		return true
	}
	i, _ := slices.BinarySearch(ends, q.stop)
	q.words(ends[:i+1])
	return false
}

// words takes words by their ends. What most words need is written out here: calls would take as long again.
func (q *quick) words(ends []int) {
	s, start, lines := q.s, q.start, q.short.lines
	ids := slices.Grow(q.ids, wordIDs*len(ends))
	for _, end := range ends {
		if size := uint(end - start); size <= wordBytes && start+wordBytes <= len(s) {
			low, high := swar.Load(s, start)&lowMask[size], swar.Load(s, start+8)&highMask[size]
			if (low|high)&swar.Highs == 0 {
				l := &lines[wordHash(low, high)]
				w := &l[0]
				if w.low != low || w.high != high || w.size != uint8(size) {
					w = &l[1]
				}
				if w.low == low && w.high == high && w.size == uint8(size) {
					n := len(ids)
					ids = ids[:n+wordIDs]
					*(*[wordIDs]int32)(ids[n:]) = w.ids
					ids = ids[:n+int(w.count)]
					start = end
					continue
				}
			}
		}
		q.ids = ids
		q.word(start, end)
		ids = slices.Grow(q.ids, wordIDs*len(ends))
		start = end
	}
	q.ids, q.start = ids, start
}

// word takes a word piece by piece.
func (q *quick) word(start, end int) {
	part := uint8(0)
	for start < end {
		n := q.seams.Cut(q.s[start:end], q.cuts[:])
		if start+q.cuts[n-1] < end || n > 1 {
			part = q.part
		}
		q.ids = slices.Grow(q.ids, wordIDs*n)
		from := start
		for _, at := range q.cuts[:n] {
			at += from
			low, high, ok := wordKey(q.s, start, at-start)
			w := q.short.get(low, high, uint8(at-start)|part)
			if ok && w != nil {
				q.ids = w.append(q.ids)
			} else {
				q.piece(start, at, part)
				q.ids = slices.Grow(q.ids, wordIDs*n)
			}
			start = at
		}
	}
}

// piece takes a word or, so marked, a part of one, that is not known as a short one.
func (q *quick) piece(start, end int, part uint8) {
	pieces := q.longPiece(q.s[start:end], part)
	if low, high, ok := wordKey(q.s, start, end-start); ok && len(pieces) <= wordIDs {
		q.short.put(low, high, uint8(end-start)|part, pieces)
	}
}

// longPiece is piece without the cache of short words.
func (q *quick) longPiece(word string, part uint8) []subword.Piece {
	known := &q.long[part>>7]
	pieces, ok := known.get(word)
	if !ok {
		if part != 0 {
			q.pieces = q.bpe.Merge(q.pieces[:0], word, &q.scratch)
		} else {
			q.pieces = q.bpe.Encode(q.pieces[:0], word, &q.scratch)
		}
		if pieces = q.pieces; len(word) > wordBytes || len(pieces) > wordIDs {
			known.put(word, pieces)
		}
	}
	for _, p := range pieces {
		q.ids = append(q.ids, p.ID)
	}
	return pieces
}
