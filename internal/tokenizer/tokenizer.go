package tokenizer

import (
	"runtime"
	"sync/atomic"

	"fettle/internal/tokenizer/subword"
)

// Options of encoding. The zero value adds nothing and takes special tokens in the text for what they are.
type Options struct {
	AddSpecial   bool    // add what the post-processor adds: bos, eos, [CLS] ...
	PlainSpecial bool    // special tokens in the text are ordinary text: right for what users write
	PlainAdded   bool    // so are added tokens that are not marked special, such as <think>
	Plain        []Range // so are all added tokens within these bytes of the text
}

// A Range is the bytes [Start, End) of a text.
type Range struct{ Start, End int }

// A Token is an id and the bytes of the original text that it stands for; Start = End = 0 for what was added.
type Token struct {
	ID         int32
	Start, End int
}

// Tokenizer encodes and decodes.
type Tokenizer struct {
	model      subword.Model
	vocab      *subword.Vocab
	added      *added
	normalize  []normalizer
	splitters  []splitter
	trim       []trim
	template   template
	decoder    []decoder // nil = tokens with spaces between them
	joinsBytes bool      // decoding is no more than joining bytes
	bytes      []string  // of every token, where joinsBytes
	asksPlace  bool      // even without offsets texts must know their places
	unspelled  int32     // token that stands for any text: what a unigram model does not know; -1 = none
	idle       chan *encoder
	helping    atomic.Int32 // goroutines beside those that were called
	vocabSize  int
}

// finish makes the tables that follow from the parts.
func (t *Tokenizer) finish() {
	t.idle = make(chan *encoder, 2*runtime.GOMAXPROCS(0))
	t.vocab = t.model.Vocab()
	t.asksPlace = asksPlace(t.splitters, len(t.normalize) > 0)
	t.unspelled = -1
	if u, ok := t.model.(*subword.Unigram); ok {
		t.unspelled = u.Unknown()
	}
	t.vocabSize = t.vocab.Size()
	for _, a := range t.added.tokens {
		if _, ok := t.vocab.ID(a.Content); !ok {
			t.vocabSize++
		}
	}
	if t.joinsBytes {
		t.bytes = t.allBytes()
	}
}

// VocabSize is the number of tokens, added ones included.
func (t *Tokenizer) VocabSize() int { return t.vocabSize }

// OrdinarySize is the number of tokens that texts are cut into: VocabSize less those added beside the vocabulary.
func (t *Tokenizer) OrdinarySize() int { return t.vocab.Size() }

// TokenID is the id of a token as the vocabulary spells it ("Ġthe" in byte-level vocabularies).
func (t *Tokenizer) TokenID(s string) (int32, bool) {
	if a, ok := t.added.byContent[s]; ok {
		return a.ID, true
	}
	return t.vocab.ID(s)
}

// Token is the spelling of a token in the vocabulary.
func (t *Tokenizer) Token(id int32) (string, bool) {
	if a, ok := t.added.byID[id]; ok {
		return a.Content, true
	}
	return t.vocab.Token(id)
}

// IsSpecial says whether a token is one that decoding may skip.
func (t *Tokenizer) IsSpecial(id int32) bool {
	a, ok := t.added.byID[id]
	return ok && a.Special
}

// AddedToken is a token beside those of the model.
type AddedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where it is no part of a longer word
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`      // takes the white space after it
	Normalized bool   `json:"normalized"`  // is looked for in the normalized text
	Special    bool   `json:"special"`
}

// Added are the added tokens in the order of their ids.
func (t *Tokenizer) Added() []AddedToken { return append([]AddedToken(nil), t.added.tokens...) }
