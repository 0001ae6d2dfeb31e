package subword

import (
	"container/heap"
	"maps"
	"slices"
)

// TrainConfig says what vocabulary to learn.
type TrainConfig struct {
	VocabSize      int
	MinFrequency   int64    // pairs seen less often are not merged
	Special        []string // first tokens of the vocabulary
	Alphabet       bool     // all 256 bytes are tokens, seen or not
	MaxTokenLength int      // merges that would reach it, in bytes, are not made; 0 = no limit
}

// Training is what was learnt: tokens in the order of their ids, merges in the order of their ranks, in the byte-level alphabet.
type Training struct {
	Tokens []string
	Merges [][2]string
}

// Train learns a byte-level byte pair encoding from counted words. It gives what the BpeTrainer of Hugging Face's tokenizers
// gives: the most frequent pair first; of equals, the one with the smaller ids.
func Train(c TrainConfig, words map[string]int64) Training {
	t := &trainer{config: c, ids: map[string]int32{}, where: map[uint64][]int32{}, counts: map[uint64]int64{}}
	for _, s := range c.Special {
		t.token(s)
	}
	t.alphabet(words)
	t.load(words)
	t.run()
	return Training{Tokens: t.tokens, Merges: lastOfEach(t.merges)}
}

// lastOfEach drops merges that come again later: a pair may arise anew after it was merged everywhere.
func lastOfEach(merges [][2]string) [][2]string {
	last := make(map[[2]string]int, len(merges))
	for i, m := range merges {
		last[m] = i
	}
	out := merges[:0]
	for i, m := range merges {
		if last[m] == i {
			out = append(out, m)
		}
	}
	return out
}

type trainer struct {
	config TrainConfig
	tokens []string
	ids    map[string]int32
	merges [][2]string

	words  []trainWord
	counts map[uint64]int64   // of pairs in the words
	where  map[uint64][]int32 // words in which a pair arose since its last job was queued
	queue  jobs
}

type trainWord struct {
	symbols []trainSymbol
	count   int64
}

// trainSymbol is a token and its length in bytes.
type trainSymbol struct{ id, n int32 }

// token is the id of a token, new or not.
func (t *trainer) token(s string) int32 {
	id, ok := t.ids[s]
	if !ok {
		id = int32(len(t.tokens))
		t.ids[s] = id
		t.tokens = append(t.tokens, s)
	}
	return id
}

// alphabet adds the runes of bytes in the order of their code points.
func (t *trainer) alphabet(words map[string]int64) {
	var seen [256]bool
	for w := range words {
		for i := range len(w) {
			seen[w[i]] = true
		}
	}
	var runes []rune
	for b, r := range byteRunes {
		if t.config.Alphabet || seen[b] {
			runes = append(runes, r)
		}
	}
	slices.Sort(runes)
	for _, r := range runes {
		t.token(string(r))
	}
}

// load counts the pairs of all words.
func (t *trainer) load(words map[string]int64) {
	var byteIDs [256]int32
	for b, r := range byteRunes {
		byteIDs[b] = t.ids[string(r)]
	}
	for i, w := range slices.Sorted(maps.Keys(words)) {
		word := trainWord{make([]trainSymbol, len(w)), words[w]}
		for j := range len(w) {
			word.symbols[j] = trainSymbol{byteIDs[w[j]], 1}
			if j > 0 {
				t.change(pairKey(word.symbols[j-1].id, word.symbols[j].id), word.count, int32(i))
			}
		}
		t.words = append(t.words, word)
	}
	t.enqueue()
}

// change adds to the count of a pair and, where it grew, notes the word.
func (t *trainer) change(pair uint64, by int64, word int32) {
	t.counts[pair] += by
	if by > 0 {
		at := t.where[pair]
		if len(at) == 0 || at[len(at)-1] != word {
			t.where[pair] = append(at, word)
		}
	}
}

// enqueue makes jobs of what change has noted.
func (t *trainer) enqueue() {
	for pair, words := range t.where {
		if n := t.counts[pair]; n > 0 {
			heap.Push(&t.queue, job{pair, n, words})
		}
	}
	clear(t.where)
}

func (t *trainer) run() {
	for len(t.tokens) < t.config.VocabSize && len(t.queue) > 0 {
		top := heap.Pop(&t.queue).(job)
		if n := t.counts[top.pair]; n != top.count {
			if top.count = n; n > 0 {
				heap.Push(&t.queue, top)
			}
			continue
		}
		if top.count < t.config.MinFrequency {
			return
		}
		left, right := int32(top.pair>>32)-1, int32(uint32(top.pair))
		to := t.token(t.tokens[left] + t.tokens[right])
		t.merges = append(t.merges, [2]string{t.tokens[left], t.tokens[right]})
		for _, w := range top.words {
			t.join(w, left, right, to)
		}
		t.enqueue()
	}
}

// join merges a pair in a word and counts the pairs that go and come. The pair itself keeps its count: the reference does
// not take it back either, so that a pair that arises anew is queued with its whole history.
func (t *trainer) join(at, left, right, to int32) {
	word := &t.words[at]
	old, out := word.symbols, word.symbols[:0]
	count := word.count
	for i := 0; i < len(old); i++ {
		if old[i].id != left || i+1 == len(old) || old[i+1].id != right {
			out = append(out, old[i])
			continue
		}
		made := trainSymbol{to, old[i].n + old[i+1].n}
		i++
		if len(out) > 0 {
			prev := out[len(out)-1]
			t.change(pairKey(prev.id, left), -count, at)
			if t.short(prev, made) {
				t.change(pairKey(prev.id, to), count, at)
			}
		}
		if i+1 < len(old) {
			next := old[i+1]
			t.change(pairKey(right, next.id), -count, at)
			if t.short(made, next) {
				t.change(pairKey(to, next.id), count, at)
			}
		}
		out = append(out, made)
	}
	word.symbols = out
}

// short says whether the token of two symbols would stay below the limit.
func (t *trainer) short(a, b trainSymbol) bool {
	return t.config.MaxTokenLength == 0 || int(a.n+b.n) < t.config.MaxTokenLength
}

// A job is a pair to merge in some words, with the count that it had when it was queued.
type job struct {
	pair  uint64
	count int64
	words []int32
}

// jobs is a heap: the most frequent pair first, of equals the smaller.
type jobs []job

func (q jobs) Len() int      { return len(q) }
func (q jobs) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q jobs) Less(i, j int) bool {
	if q[i].count != q[j].count {
		return q[i].count > q[j].count
	}
	return q[i].pair < q[j].pair
}
func (q *jobs) Push(x any) { *q = append(*q, x.(job)) }
func (q *jobs) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = job{}
	*q = old[:len(old)-1]
	return x
}
