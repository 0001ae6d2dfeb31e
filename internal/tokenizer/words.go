package tokenizer

import (
	"math/bits"

	"fettle/internal/tokenizer/subword"
	"fettle/internal/tokenizer/swar"
)

// wordCache knows the ids of short words: two words to a cache line, of which a third pushes out the one not used last. It
// never grows and is never emptied, so that memory stays what it is and text that changes its subject keeps its words.
type wordCache struct {
	lines *[1 << wordBits]wordLine
}

const (
	wordBits  = 16
	wordBytes = 16 // longest word, in bytes
	wordIDs   = 3  // most ids of a word
)

type wordLine [2]knownWord

// knownWord is a word: its bytes, and its size with a mark in the high bit.
type knownWord struct {
	low, high   uint64
	size, count uint8
	ids         [wordIDs]int32
}

// wordKey is the bytes of a word, the rest being zero; false where it is not short.
func wordKey(s string, start, size int) (low, high uint64, ok bool) {
	if size > wordBytes {
		return 0, 0, false
	}
	if start+wordBytes <= len(s) {
		return swar.Load(s, start) & lowMask[size], swar.Load(s, start+8) & highMask[size], true
	}
	var b [wordBytes]byte
	copy(b[:size], s[start:])
	padded := string(b[:])
	return swar.Load(padded, 0), swar.Load(padded, 8), true
}

var lowMask, highMask = masks()

// masks are those of the first n of sixteen bytes.
func masks() (low, high [wordBytes + 1]uint64) {
	for n := range low {
		low[n] = 1<<(8*min(n, 8)) - 1
		high[n] = 1<<(8*max(n-8, 0)) - 1
	}
	return low, high
}

// wordHash is the line where a word may be. The constants are digits of pi: any would do.
func wordHash(low, high uint64) uint64 {
	a, b := bits.Mul64(low^0x243f6a8885a308d3, high^0x13198a2e03707344)
	return (a ^ b) >> (64 - wordBits)
}

// get is a word, or nil. Which of the two it is nobody can guess, so that it asks without a branch.
func (c *wordCache) get(low, high uint64, size uint8) *knownWord {
	l := &c.lines[wordHash(low, high)]
	second := 0
	if l[0].low^low|l[0].high^high|uint64(l[0].size^size) != 0 {
		second = 1
	}
	w := &l[second]
	if w.low^low|w.high^high|uint64(w.size^size) != 0 {
		return nil
	}
	return w
}

// append appends the ids of a word to a slice that has room for the most that a word has.
func (w *knownWord) append(ids []int32) []int32 {
	n := len(ids)
	ids = ids[:n+wordIDs]
	*(*[wordIDs]int32)(ids[n:]) = w.ids
	return ids[:n+int(w.count)]
}

// put takes a word with few ids.
func (c *wordCache) put(low, high uint64, size uint8, pieces []subword.Piece) {
	l := &c.lines[wordHash(low, high)]
	l[1] = l[0]
	w := knownWord{low: low, high: high, size: size, count: uint8(len(pieces))}
	for i, p := range pieces {
		w.ids[i] = p.ID
	}
	l[0] = w
}
