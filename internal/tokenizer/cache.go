package tokenizer

import (
	"hash/maphash"

	"fettle/internal/tokenizer/subword"
)

// The cache of words is forgotten as a whole when it is full: it costs nothing to keep, and text repeats itself soon.
const (
	cacheSlots  = 1 << 16
	cacheFull   = cacheSlots * 5 / 8
	cacheWord   = 128     // longest word kept, in bytes
	cacheBytes  = 1 << 20 // of words
	cachePieces = 1 << 18
)

// cache maps words to their pieces. The zero value is empty.
type cache struct {
	slots  []cacheSlot
	used   int
	bytes  []byte
	pieces []subword.Piece
}

type cacheSlot struct {
	hash         uint64
	word, pieces uint32 // where they start
	length       uint8
	count        uint8
	taken        bool
}

var cacheSeed = maphash.MakeSeed()

// slot is where a word is, or belongs.
func (c *cache) slot(word string) (*cacheSlot, uint64) {
	hash := maphash.String(cacheSeed, word)
	for i := hash; ; i++ {
		s := &c.slots[i%cacheSlots]
		if !s.taken || s.hash == hash && string(c.bytes[s.word:s.word+uint32(s.length)]) == word {
			return s, hash
		}
	}
}

func (c *cache) get(word string) ([]subword.Piece, bool) {
	if len(word) > cacheWord || c.slots == nil {
		return nil, false
	}
	s, _ := c.slot(word)
	if !s.taken {
		return nil, false
	}
	return c.pieces[s.pieces : s.pieces+uint32(s.count)], true
}

func (c *cache) put(word string, pieces []subword.Piece) {
	if len(word) > cacheWord || len(pieces) > cacheWord {
		return
	}
	if c.slots == nil {
		c.slots = make([]cacheSlot, cacheSlots)
	}
	if c.used >= cacheFull || len(c.bytes) > cacheBytes || len(c.pieces) > cachePieces {
		clear(c.slots)
		c.used, c.bytes, c.pieces = 0, c.bytes[:0], c.pieces[:0]
	}
	s, hash := c.slot(word)
	*s = cacheSlot{hash, uint32(len(c.bytes)), uint32(len(c.pieces)), uint8(len(word)), uint8(len(pieces)), true}
	c.bytes = append(c.bytes, word...)
	c.pieces = append(c.pieces, pieces...)
	c.used++
}
