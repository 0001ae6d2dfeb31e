// Package gguf reads and writes GGUF version 3, the file format of llama.cpp: metadata, then tensors, some of them quantised in
// blocks of 32.
//
// In goes a decoder with its weights and its tokenizer; out comes a file that llama.cpp loads: tensors under its names, q and k
// permuted where it rotates neighbours, Gemma's norms with their 1 added, the position factors, the vocabulary with types, merges
// or scores, and the chat template. The way back is here too (weights under their Hugging Face names, a tokenizer built from the
// metadata alone), so that a file can be held against what it was made from. What llama.cpp would compute otherwise is refused
// or told in a note.
package gguf
