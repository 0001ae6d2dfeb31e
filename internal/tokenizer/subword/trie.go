package subword

// A Trie finds the strings that a text starts with. Make one with NewTrie.
type Trie struct {
	next  *pairs  // node and byte -> node
	count int     // of edges
	ids   []int32 // of nodes; -1 = no string ends here
}

// NewTrie makes a trie of no strings.
func NewTrie() *Trie { return &Trie{next: newPairs(0), ids: []int32{-1}} }

// Add adds a string; an equal one added later takes its place.
func (t *Trie) Add(s string, id int32) {
	node := int32(0)
	for i := range len(s) {
		rank, to := t.next.get(node, int32(s[i]))
		if rank == noRank {
			if t.count++; 2*t.count > len(t.next.slots) {
				t.next = t.next.grown()
			}
			to = int32(len(t.ids))
			t.ids = append(t.ids, -1)
			t.next.set(node, int32(s[i]), 0, to)
		}
		node = to
	}
	t.ids[node] = id
}

// Prefixes calls each for the strings that s starts with, the shortest first.
func (t *Trie) Prefixes(s string, each func(length int, id int32)) {
	node := int32(0)
	for i := range len(s) {
		rank, to := t.next.get(node, int32(s[i]))
		if rank == noRank {
			return
		}
		node = to
		if id := t.ids[node]; id >= 0 {
			each(i+1, id)
		}
	}
}

// Longest is the longest string that s starts with; 0 if there is none.
func (t *Trie) Longest(s string) (length int, id int32) {
	t.Prefixes(s, func(n int, i int32) { length, id = n, i })
	return length, id
}
