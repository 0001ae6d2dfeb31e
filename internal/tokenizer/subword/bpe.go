package subword

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// BPEConfig describes a byte pair encoding, as in the model of a tokenizer.json.
type BPEConfig struct {
	Vocab        map[string]int32
	Merges       [][2]string
	Unknown      string // token of what the vocabulary lacks; "" drops it
	Prefix       string // of symbols that do not begin a word
	Suffix       string // of the symbol that ends a word
	FuseUnknown  bool
	ByteFallback bool // unknown symbols become <0xNN> tokens
	IgnoreMerges bool // a word that is a token needs no merges to make it
}

// BPE is a byte pair encoding.
type BPE struct {
	config  BPEConfig
	vocab   *Vocab
	merges  *pairs
	unknown int32
	bytes   [256]int32 // of <0xNN>
	all     bool       // all of them are tokens

	raw *rawBPE
}

// rawBPE is a BPE in the byte-level alphabet that takes bytes as they are: its tokens are those that the alphabet spells.
type rawBPE struct {
	first [256]int32 // token of each single byte
	words map[string]int32
	seams *Seams
}

// NewBPE checks that every merge is made of tokens and makes one.
func NewBPE(c BPEConfig) (*BPE, error) {
	b := &BPE{config: c, vocab: NewVocab(c.Vocab), merges: newPairs(len(c.Merges)), unknown: -1, all: true}
	for i, m := range c.Merges {
		left, okL := b.vocab.ID(m[0])
		right, okR := b.vocab.ID(m[1])
		if !okL || !okR || len(m[1]) < len(c.Prefix) {
			return nil, fmt.Errorf("merge %d %q + %q: not made of tokens of the vocabulary", i, m[0], m[1])
		}
		to, ok := b.vocab.ID(m[0] + m[1][len(c.Prefix):])
		if !ok {
			return nil, fmt.Errorf("merge %d %q + %q: what it makes is not in the vocabulary", i, m[0], m[1])
		}
		b.merges.set(left, right, int32(i), to)
	}
	for i := range b.bytes {
		id, ok := b.vocab.ID(fmt.Sprintf("<0x%02X>", i))
		b.bytes[i] = id
		b.all = b.all && ok
	}
	if c.Unknown != "" {
		id, ok := b.vocab.ID(c.Unknown)
		if !ok && !(c.ByteFallback && b.all) {
			return nil, fmt.Errorf("unk_token %q is not in the vocabulary", c.Unknown)
		}
		if ok {
			b.unknown = id
		}
	}
	return b, nil
}

func (b *BPE) Vocab() *Vocab { return b.vocab }

// Raw gives the same model for words whose bytes have not been spelled in the byte-level alphabet, the faster way; false
// where the two would differ.
func (b *BPE) Raw() (*BPE, bool) {
	if b.config.Prefix != "" || b.config.Suffix != "" {
		return b, false
	}
	raw := &rawBPE{}
	for i := range raw.first {
		id, ok := b.vocab.ID(string(byteRunes[i]))
		if !ok {
			return b, false
		}
		raw.first[i] = id
	}
	if b.config.IgnoreMerges {
		raw.words = make(map[string]int32, len(b.config.Vocab))
		var word []byte
		for token, id := range b.config.Vocab {
			if bytes, ok := AppendBytes(word[:0], token); ok {
				raw.words[string(bytes)] = id
				word = bytes
			}
		}
	}
	raw.finish(b.vocab)
	r := *b
	r.raw = raw
	return &r, true
}

// finish makes the table that follows from the vocabulary.
func (r *rawBPE) finish(v *Vocab) {
	r.seams = new(Seams)
	var bytes []byte
	for token := range v.ids {
		spelled, ok := AppendBytes(bytes[:0], token)
		if !ok {
			continue
		}
		r.seams.add(spelled)
		bytes = spelled
	}
}

// Seams are those of a model that takes bytes, else nil.
func (b *BPE) Seams() *Seams {
	if b.raw == nil {
		return nil
	}
	return b.raw.seams
}

// Encode appends the pieces of a word.
func (b *BPE) Encode(dst []Piece, word string, s *Scratch) []Piece {
	if word == "" {
		return dst
	}
	if id, ok := b.whole(word); ok {
		return append(dst, Piece{id, int32(len(word))})
	}
	return b.Merge(dst, word, s)
}

// WholeFirst says whether a word that is a token is that token whatever the merges make of it: what is only a part of a word
// is for Merge then.
func (b *BPE) WholeFirst() bool { return b.config.IgnoreMerges }

// Merge appends the pieces that merges make of a part of a word.
func (b *BPE) Merge(dst []Piece, word string, s *Scratch) []Piece {
	if b.raw != nil {
		s.symbols = s.symbols[:0]
		for i := range len(word) {
			s.symbols = append(s.symbols, symbol{id: b.raw.first[word[i]], n: 1})
		}
	} else {
		s.symbols = b.split(s.symbols[:0], word)
	}
	for _, y := range b.merges.merge(s.symbols, s) {
		dst = append(dst, Piece{y.id, y.n})
	}
	return dst
}

// whole is the token that a word is, where merges do not matter.
func (b *BPE) whole(word string) (int32, bool) {
	if !b.config.IgnoreMerges {
		return 0, false
	}
	if b.raw != nil {
		id, ok := b.raw.words[word]
		return id, ok
	}
	return b.vocab.ID(word)
}

// split makes the symbols that merging starts from: the runes of a word.
func (b *BPE) split(dst []symbol, word string) []symbol {
	unknown := int32(0) // bytes of unknown runes not yet written
	flush := func() {
		if unknown > 0 {
			dst = append(dst, symbol{id: b.unknown, n: unknown})
			unknown = 0
		}
	}
	for i := 0; i < len(word); {
		_, w := utf8.DecodeRuneInString(word[i:])
		r := word[i : i+w]
		s, own := r, 0
		if i > 0 {
			s, own = b.config.Prefix+s, len(b.config.Prefix)
		}
		i += w
		if i == len(word) && b.config.Suffix != "" {
			s += b.config.Suffix
		}
		if id, ok := b.vocab.ID(s); ok {
			flush()
			dst = append(dst, symbol{id: id, n: int32(w)})
			continue
		}
		if b.config.ByteFallback && b.fallback(s) {
			// As in the reference, unknown runes still waiting come after these bytes. Those of a prefix and of a suffix are
			// no part of the word.
			for j := range len(s) {
				n := int32(0)
				if j >= own && j < own+w {
					n = 1
				}
				dst = append(dst, symbol{id: b.bytes[s[j]], n: n})
			}
			continue
		}
		if b.unknown >= 0 {
			if !b.config.FuseUnknown {
				flush()
			}
			unknown += int32(w)
		}
	}
	flush()
	return dst
}

// fallback says whether all bytes of s have a token.
func (b *BPE) fallback(s string) bool {
	if b.all {
		return true
	}
	for i := range len(s) {
		if _, ok := b.vocab.ID(fmt.Sprintf("<0x%02X>", s[i])); !ok {
			return false
		}
	}
	return true
}

// CutsBefore says whether a word may be cut before every mark that does not follow another one: no merge joins a mark to what
// is before it, unless that is marks, a mark is itself a token, and nothing is dropped, which would shift what follows.
func (b *BPE) CutsBefore(mark string) bool {
	c := &b.config
	if b.raw != nil || c.IgnoreMerges || c.Prefix != "" || c.Suffix != "" || b.unknown < 0 && !(c.ByteFallback && b.all) {
		return false
	}
	if _, ok := b.vocab.ID(mark); !ok {
		return false
	}
	for _, s := range b.merges.slots {
		if s.pair == 0 {
			continue
		}
		left, _ := b.vocab.Token(int32(s.pair>>32) - 1)
		right, _ := b.vocab.Token(int32(uint32(s.pair)))
		if strings.HasPrefix(right, mark) && strings.Trim(left, mark) != "" {
			return false
		}
	}
	return true
}
