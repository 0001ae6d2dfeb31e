package format

import (
	"slices"
	"sort"

	"fettle/schemas"
)

// example is a tokenised conversation.
type example struct {
	id     string
	ids    []int32
	labels []int32           // aligned with ids; schemas.Untrained where nothing is learnt
	parts  []schemas.Segment // conversations laid end to end; none = it is one
}

// segments are the conversations of the example.
func (e example) segments() []schemas.Segment {
	if len(e.parts) > 0 {
		return e.parts
	}
	return []schemas.Segment{{ID: e.id, End: int32(len(e.ids))}}
}

// learns says whether something is learnt of every conversation; a first token never is.
func (e example) learns() bool {
	for _, s := range e.segments() {
		if s.Start == s.End || !slices.ContainsFunc(e.labels[s.Start+1:s.End], func(l int32) bool { return l != schemas.Untrained }) {
			return false
		}
	}
	return true
}

// trained counts the tokens that are learnt.
func (e example) trained() (n int) {
	for _, l := range e.labels {
		if l != schemas.Untrained {
			n++
		}
	}
	return n
}

// pack lays examples into blocks of at most length tokens by first-fit decreasing: the longest first, each into the first
// block with room. Examples of equal length keep their order, so the result depends on the order of the input alone.
func pack(examples []example, length int) [][]example {
	order := slices.Clone(examples)
	slices.SortStableFunc(order, func(a, b example) int { return len(b.ids) - len(a.ids) })
	var blocks [][]example
	free := newRoom(length)
	for _, e := range order {
		i := free.first(len(e.ids))
		if i == len(blocks) {
			blocks = append(blocks, nil)
		}
		blocks[i] = append(blocks[i], e)
		free.take(i, len(e.ids))
	}
	return blocks
}

// room answers "the first block with n tokens free" in logarithmic time: a tree of maxima over the blocks.
type room struct {
	length int
	size   int // leaves
	tree   []int
}

func newRoom(length int) *room {
	r := &room{length: length, size: 1, tree: []int{0, length}}
	return r
}

func (r *room) first(n int) int {
	if r.tree[1] < n {
		r.grow()
	}
	at := 1
	for at < r.size {
		at *= 2
		if r.tree[at] < n {
			at++
		}
	}
	return at - r.size
}

func (r *room) take(i, n int) {
	at := r.size + i
	r.tree[at] -= n
	for at /= 2; at > 0; at /= 2 {
		r.tree[at] = max(r.tree[2*at], r.tree[2*at+1])
	}
}

// grow doubles the leaves; new ones are empty blocks.
func (r *room) grow() {
	old := r.tree[r.size:]
	size := 2 * r.size
	tree := make([]int, 2*size)
	copy(tree[size:], old)
	for i := size + len(old); i < 2*size; i++ {
		tree[i] = r.length
	}
	for i := size - 1; i > 0; i-- {
		tree[i] = max(tree[2*i], tree[2*i+1])
	}
	r.size, r.tree = size, tree
}

// block joins packed examples into one row of the table.
func block(packed []example) schemas.Block {
	var b schemas.Block
	for _, e := range packed {
		for _, s := range e.segments() {
			start := int32(len(b.InputIDs))
			b.InputIDs = append(b.InputIDs, e.ids[s.Start:s.End]...)
			b.Labels = append(b.Labels, e.labels[s.Start:s.End]...)
			number := int32(len(b.Segments) + 1)
			for p := range s.End - s.Start {
				b.PositionIDs = append(b.PositionIDs, p)
				b.SegmentIDs = append(b.SegmentIDs, number)
			}
			if s.Start < s.End {
				b.Labels[start] = schemas.Untrained // nothing predicts a segment's first token
			}
			b.Segments = append(b.Segments, schemas.Segment{ID: s.ID, Start: start, End: int32(len(b.InputIDs)), Side: s.Side})
		}
	}
	return b
}

// shuffle orders examples by a digest of the seed and their ids: the order of one does not depend on the others.
func shuffle(examples []example, seed string) {
	keys := make(map[string]string, len(examples))
	for _, e := range examples {
		keys[e.id] = shortHash(seed, e.id)
	}
	sort.SliceStable(examples, func(i, j int) bool { return keys[examples[i].id] < keys[examples[j].id] })
}
