// Package swar looks at eight bytes of text at a time, in one machine word. Most text is runs of ASCII letters of a length that
// no branch predictor guesses: what asks for eight bytes at once asks once for most words.
//
// In: text. Out: masks with the high bit of each byte that is meant.
package swar
