package subword

import "fmt"

// NewRanks makes a byte-level BPE of tiktoken's ranks: any two tokens whose bytes together are a token may be merged, that of
// the least rank first. A rank is an id.
func NewRanks(ranks map[string]int32) (*BPE, error) {
	raw := &rawBPE{words: ranks}
	for b := range raw.first {
		id, ok := ranks[string([]byte{byte(b)})]
		if !ok {
			return nil, fmt.Errorf("byte %#02x has no rank", b)
		}
		raw.first[b] = id
	}
	ids := make(map[string]int32, len(ranks))
	merges := newPairs(3 * len(ranks))
	var spelled []byte
	n := 0
	for token, id := range ranks {
		spelled = AppendRunes(spelled[:0], token)
		ids[string(spelled)] = id
		for i := 1; i < len(token); i++ {
			left, okL := ranks[token[:i]]
			right, okR := ranks[token[i:]]
			if okL && okR {
				if n++; 2*n > len(merges.slots) {
					merges = merges.grown()
				}
				merges.set(left, right, id, id)
			}
		}
	}
	vocab := NewVocab(ids)
	raw.finish(vocab)
	return &BPE{config: BPEConfig{IgnoreMerges: true}, vocab: vocab, merges: merges, unknown: -1, raw: raw}, nil
}
