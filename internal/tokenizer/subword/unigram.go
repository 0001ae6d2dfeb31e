package subword

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// unknownPenalty is how much worse than the worst token an unknown one is (SentencePiece's constant).
const unknownPenalty = 10

// UnigramConfig describes a unigram model, as in a tokenizer.json or a SentencePiece model.
type UnigramConfig struct {
	Tokens       []string
	Scores       []float64
	Unknown      int // id
	ByteFallback bool
	Single       bool   // scores are summed in single precision, as SentencePiece does
	Hidden       []bool // tokens that no text gives (control, bytes ...); nil = all can be given
}

// Unigram is a unigram language model: of all ways to cut a word the one whose tokens' scores have the greatest sum.
type Unigram struct {
	config  UnigramConfig
	vocab   *Vocab
	trie    *Trie
	unknown float64 // score
	bytes   [256]int32
	all     bool // bytes are all tokens
}

// NewUnigram makes a unigram model. Of tokens that are equal the last counts.
func NewUnigram(c UnigramConfig) (*Unigram, error) {
	if c.Unknown < 0 {
		return nil, fmt.Errorf("unk_id is missing: there would be no way to encode what the vocabulary lacks")
	}
	if c.Unknown >= len(c.Tokens) {
		return nil, fmt.Errorf("unk_id %d is not in the vocabulary of %d tokens", c.Unknown, len(c.Tokens))
	}
	u := &Unigram{config: c, trie: NewTrie(), unknown: math.Inf(1), all: true}
	ids := make(map[string]int32, len(c.Tokens))
	for id, token := range c.Tokens {
		ids[token] = int32(id)
		if c.Hidden == nil || !c.Hidden[id] {
			u.unknown = min(u.unknown, c.Scores[id])
		}
	}
	for token, id := range ids {
		if c.Hidden == nil || !c.Hidden[id] {
			u.trie.Add(token, id)
		}
	}
	u.unknown -= unknownPenalty
	u.vocab = &Vocab{ids: ids, tokens: c.Tokens, known: make([]bool, len(c.Tokens)), listed: len(c.Tokens)}
	for id := range u.vocab.known {
		u.vocab.known[id] = true
	}
	for b := range u.bytes {
		id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
		u.bytes[b], u.all = id, u.all && ok
	}
	return u, nil
}

func (u *Unigram) Vocab() *Vocab { return u.vocab }

// Unknown is the id of what the vocabulary lacks.
func (u *Unigram) Unknown() int32 { return int32(u.config.Unknown) }

// node is the best way to reach a place in a word.
type node struct {
	score float64
	from  int32 // start of its last token; -1 = not reached
	id    int32
}

// Encode appends the pieces of a word.
func (u *Unigram) Encode(dst []Piece, word string, s *Scratch) []Piece {
	best := s.lattice[:0]
	for range len(word) + 1 {
		best = append(best, node{from: -1})
	}
	s.lattice = best
	for at := 0; at < len(word); {
		_, width := utf8.DecodeRuneInString(word[at:])
		single := false
		reach := func(end int, id int32, score float64) {
			sum := best[at].score + score
			if u.config.Single {
				sum = float64(float32(best[at].score) + float32(score))
			}
			if n := &best[end]; n.from < 0 || sum > n.score {
				*n = node{sum, int32(at), id}
			}
		}
		u.trie.Prefixes(word[at:], func(length int, id int32) {
			reach(at+length, id, u.config.Scores[id])
			single = single || length == width
		})
		if !single {
			reach(at+width, int32(u.config.Unknown), u.unknown)
		}
		at += width
	}
	return u.trace(dst, word, best)
}

// trace appends the pieces of the best way, unknown ones that touch being one.
func (u *Unigram) trace(dst []Piece, word string, best []node) []Piece {
	unknown := int32(u.config.Unknown)
	first := len(dst)
	for end := int32(len(word)); end > 0; {
		n := best[end]
		start := n.from
		for n.id == unknown && start > 0 && best[start].id == unknown {
			start = best[start].from
		}
		dst = u.appendReversed(dst, n.id, word[start:end])
		end = start
	}
	for i, j := first, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}

// appendReversed appends the pieces of one token, the last first. What is unknown may be a token after all once it is joined.
func (u *Unigram) appendReversed(dst []Piece, id int32, s string) []Piece {
	if id != int32(u.config.Unknown) {
		return append(dst, Piece{id, int32(len(s))})
	}
	if id, ok := u.vocab.ID(s); ok && (u.config.Hidden == nil || !u.config.Hidden[id]) {
		return append(dst, Piece{id, int32(len(s))})
	}
	if !u.config.ByteFallback || !u.all {
		return append(dst, Piece{id, int32(len(s))})
	}
	for i := len(s) - 1; i >= 0; i-- {
		dst = append(dst, Piece{u.bytes[s[i]], Shared})
	}
	dst[len(dst)-1].Len = int32(len(s))
	return dst
}
