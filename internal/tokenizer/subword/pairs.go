package subword

import "math/bits"

// pairs maps a pair of tokens to the rank of its merge and the token it makes: open addressing, at most half full, because
// merging does little else than look up.
type pairs struct {
	slots []pairSlot
	shift uint
}

type pairSlot struct {
	pair     uint64 // left + 1 above right: 0 is an empty slot
	rank, to int32
}

func newPairs(n int) *pairs {
	log := max(4, bits.Len(uint(2*n)))
	return &pairs{slots: make([]pairSlot, 1<<log), shift: uint(64 - log)}
}

func pairKey(left, right int32) uint64 { return uint64(left+1)<<32 | uint64(uint32(right)) }

// slot is where a pair is, or belongs. The multiplier is 2^64 over the golden ratio.
func (p *pairs) slot(key uint64) *pairSlot {
	for i := (key * 0x9e3779b97f4a7c15) >> p.shift; ; i = (i + 1) & uint64(len(p.slots)-1) {
		if s := &p.slots[i]; s.pair == key || s.pair == 0 {
			return s
		}
	}
}

// set gives a pair its rank; a later one takes the place of an earlier.
func (p *pairs) set(left, right, rank, to int32) {
	key := pairKey(left, right)
	*p.slot(key) = pairSlot{key, rank, to}
}

// get is the rank of a pair and the token it makes, or noRank.
func (p *pairs) get(left, right int32) (rank, to int32) {
	key := pairKey(left, right)
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
			*g.slot(s.pair) = s
		}
	}
	return g
}
