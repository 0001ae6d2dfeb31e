package subword

import "math/bits"

// pairs maps a pair of tokens to the rank of its merge and the token it makes: open addressing, at most half full, because
// merging does little else than look up.
type pairs struct {
	slots []pairSlot
	maybe []uint64 // a bit for each pair, by hash: most that are asked for are not there, and this table fits into a near cache
	shift uint
}

type pairSlot struct {
	pair     uint64 // left + 1 above right: 0 is an empty slot
	rank, to int32
}

func newPairs(n int) *pairs {
	log := max(4, bits.Len(uint(2*n)))
	return &pairs{slots: make([]pairSlot, 1<<log), maybe: make([]uint64, 1<<log*maybeBits/64), shift: uint(64 - log)}
}

func pairKey(left, right int32) uint64 { return uint64(left+1)<<32 | uint64(uint32(right)) }

// maybeBits are those of maybe for each slot.
const maybeBits = 4

// pairHash has the multiplier 2^64 over the golden ratio.
func pairHash(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 }

// bit is that of a hash in maybe.
func (p *pairs) bit(hash uint64) (word, bit uint64) {
	at := hash >> (p.shift - 2)
	return at >> 6, at & 63
}

// slot is where a pair is, or belongs.
func (p *pairs) slot(key uint64) *pairSlot {
	for i := pairHash(key) >> p.shift; ; i = (i + 1) & uint64(len(p.slots)-1) {
		if s := &p.slots[i]; s.pair == key || s.pair == 0 {
			return s
		}
	}
}

// set gives a pair its rank; a later one takes the place of an earlier.
func (p *pairs) set(left, right, rank, to int32) {
	key := pairKey(left, right)
	*p.slot(key) = pairSlot{key, rank, to}
	word, bit := p.bit(pairHash(key))
	p.maybe[word] |= 1 << bit
}

// get is the rank of a pair and the token it makes, or noRank.
func (p *pairs) get(left, right int32) (rank, to int32) {
	key := pairKey(left, right)
	if word, bit := p.bit(pairHash(key)); p.maybe[word]>>bit&1 == 0 {
		return noRank, 0
	}
	if s := p.slot(key); s.pair == key {
		return s.rank, s.to
	}
	return noRank, 0
}

const noRank = int32(1<<31 - 1)

// grown is a copy with twice the room.
func (p *pairs) grown() *pairs {
	g := newPairs(len(p.slots))
	for _, s := range p.slots {
		if s.pair != 0 {
			g.set(int32(s.pair>>32)-1, int32(uint32(s.pair)), s.rank, s.to)
		}
	}
	return g
}
