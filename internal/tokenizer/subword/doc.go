// Package subword holds the models that turn a word into tokens: byte pair encoding, unigram, WordPiece and whole words; and
// the training of byte pair encodings.
//
// In: a word and memory to use again. Out: its pieces, in order, with the bytes of the word that each stands for.
package subword
