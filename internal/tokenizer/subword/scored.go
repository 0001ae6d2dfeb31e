package subword

import (
	"cmp"
	"maps"
	"slices"
)

// NewScored makes the BPE of a SentencePiece model: any two symbols that together are a scored token may be merged, the one of
// the greatest score first, of equals the leftmost.
func NewScored(c BPEConfig, scores map[string]float32) (*BPE, error) {
	b, err := NewBPE(c)
	if err != nil {
		return nil, err
	}
	tokens := slices.SortedFunc(maps.Keys(scores), func(x, y string) int {
		if by := cmp.Compare(scores[y], scores[x]); by != 0 {
			return by
		}
		return cmp.Compare(x, y)
	})
	rank, n := int32(-1), 0
	for i, token := range tokens {
		if i == 0 || scores[token] != scores[tokens[i-1]] {
			rank++
		}
		for at := range token {
			left, okL := c.Vocab[token[:at]]
			right, okR := c.Vocab[token[at:]]
			if okL && okR {
				if n++; 2*n > len(b.merges.slots) {
					b.merges = b.merges.grown()
				}
				b.merges.set(left, right, rank, c.Vocab[token])
			}
		}
	}
	return b, nil
}
