package subword

// trie finds all tokens that a text starts with.
type trie struct {
	next map[uint32]int32 // node << 8 | byte -> node
	ids  []int32          // of nodes; -1 = none ends here
}

func newTrie() *trie { return &trie{next: map[uint32]int32{}, ids: []int32{-1}} }

func (t *trie) add(s string, id int32) {
	node := int32(0)
	for i := range len(s) {
		key := uint32(node)<<8 | uint32(s[i])
		to, ok := t.next[key]
		if !ok {
			to = int32(len(t.ids))
			t.ids = append(t.ids, -1)
			t.next[key] = to
		}
		node = to
	}
	t.ids[node] = id
}

// prefixes calls each for the tokens that s starts with, the shortest first.
func (t *trie) prefixes(s string, each func(length int, id int32)) {
	node := int32(0)
	for i := range len(s) {
		to, ok := t.next[uint32(node)<<8|uint32(s[i])]
		if !ok {
			return
		}
		node = to
		if id := t.ids[node]; id >= 0 {
			each(i+1, id)
		}
	}
}
