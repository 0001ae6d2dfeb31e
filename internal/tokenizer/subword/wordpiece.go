package subword

import (
	"fmt"
	"unicode/utf8"
)

// WordPiece cuts a word into the longest tokens from the left.
type WordPiece struct {
	vocab    *Vocab
	unknown  int32
	prefix   string
	maxRunes int
}

// NewWordPiece makes a WordPiece model: prefix marks tokens inside a word, words of more than maxRunes are unknown.
func NewWordPiece(vocab map[string]int32, unknown, prefix string, maxRunes int) (*WordPiece, error) {
	id, ok := vocab[unknown]
	if !ok {
		return nil, fmt.Errorf("unk_token %q is not in the vocabulary", unknown)
	}
	return &WordPiece{NewVocab(vocab), id, prefix, maxRunes}, nil
}

func (w *WordPiece) Vocab() *Vocab { return w.vocab }

// Encode appends the pieces of a word; a word that has none is unknown as a whole.
func (w *WordPiece) Encode(dst []Piece, word string, _ *Scratch) []Piece {
	unknown := append(dst, Piece{w.unknown, int32(len(word))})
	if utf8.RuneCountInString(word) > w.maxRunes {
		return unknown
	}
	first := len(dst)
	spelled := append([]byte(w.prefix), word...)
	for start := 0; start < len(word); {
		end := len(word)
		for ; end > start; end -= lastWidth(word[start:end]) {
			// The prefix stands right before the rest of the word, in the place of what is done.
			token := spelled[start : len(w.prefix)+end]
			if start == 0 {
				token = spelled[len(w.prefix) : len(w.prefix)+end]
			}
			if id, ok := w.vocab.ids[string(token)]; ok {
				dst = append(dst, Piece{id, int32(end - start)})
				break
			}
		}
		if end == start {
			return append(dst[:first], Piece{w.unknown, int32(len(word))})
		}
		start = end
		copy(spelled[start:], w.prefix)
	}
	return dst
}

func lastWidth(s string) int {
	_, w := utf8.DecodeLastRuneInString(s)
	return w
}

// WordLevel takes words as they are.
type WordLevel struct {
	vocab   *Vocab
	unknown int32
}

// NewWordLevel makes a model of whole words.
func NewWordLevel(vocab map[string]int32, unknown string) (*WordLevel, error) {
	id, ok := vocab[unknown]
	if !ok {
		return nil, fmt.Errorf("unk_token %q is not in the vocabulary", unknown)
	}
	return &WordLevel{NewVocab(vocab), id}, nil
}

func (w *WordLevel) Vocab() *Vocab { return w.vocab }

// Encode appends the one piece of a word.
func (w *WordLevel) Encode(dst []Piece, word string, _ *Scratch) []Piece {
	id, ok := w.vocab.ID(word)
	if !ok {
		id = w.unknown
	}
	return append(dst, Piece{id, int32(len(word))})
}
