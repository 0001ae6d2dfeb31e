package subword

// A Piece is a token of a word and how many bytes of the word it stands for.
type Piece struct{ ID, Len int32 }

// Shared as the length of a piece says that it stands for the same bytes as the piece before it.
const Shared = -1

// A Model turns words into pieces. It is safe for concurrent use with one Scratch for each goroutine.
type Model interface {
	// Encode appends the pieces of a word.
	Encode(dst []Piece, word string, s *Scratch) []Piece
	// Vocab is what the model knows.
	Vocab() *Vocab
}

// Scratch is memory that a model may use again from word to word. The zero value is ready.
type Scratch struct {
	symbols []symbol
	queue   []candidate
	links   []link
	lattice []node
}

// A Vocab gives tokens ids. Ids may have gaps.
type Vocab struct {
	ids    map[string]int32
	tokens []string
	known  []bool
	listed int // length of the list that the vocabulary was read from; 0 = it was none
}

// NewVocab makes a vocabulary; of two tokens with one id the smaller string is that of the id.
func NewVocab(ids map[string]int32) *Vocab {
	top := int32(-1)
	for _, id := range ids {
		top = max(top, id)
	}
	v := &Vocab{ids: ids, tokens: make([]string, top+1), known: make([]bool, top+1)}
	for token, id := range ids {
		if !v.known[id] || token < v.tokens[id] {
			v.tokens[id], v.known[id] = token, true
		}
	}
	return v
}

// Size is the number of tokens; a list may have one more than once.
func (v *Vocab) Size() int { return max(len(v.ids), v.listed) }

// Repeats says whether two ids may have one token.
func (v *Vocab) Repeats() bool { return v.listed > len(v.ids) }

// Top is one more than the greatest id.
func (v *Vocab) Top() int32 { return int32(len(v.tokens)) }

// ID is the id of a token.
func (v *Vocab) ID(token string) (int32, bool) {
	id, ok := v.ids[token]
	return id, ok
}

// Token is the token of an id.
func (v *Vocab) Token(id int32) (string, bool) {
	if id < 0 || int(id) >= len(v.tokens) || !v.known[id] {
		return "", false
	}
	return v.tokens[id], true
}
