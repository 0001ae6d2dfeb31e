// Package tokenizer turns text into the token ids of a model and back, exactly as the model's own tokenizer does.
//
// In: a tokenizer.json of Hugging Face (old and new forms), a tiktoken rank file, a SentencePiece model, or vocab.json with
// merges.txt. Out: ids, offsets in bytes of the original text, text. A setting or a part that is not known is an error that
// names it. The embedded truncation and padding of a tokenizer.json are left aside on purpose: whoever packs blocks decides
// about lengths.
//
// A Tokenizer is safe for concurrent use, keeps a bounded cache of words for each goroutine at work, and gives the same ids
// whatever was encoded before. Train learns a byte-level BPE vocabulary.
//
// To add a normalizer, a pre-tokenizer, a post-processor or a decoder: one case in the switch of its file.
package tokenizer
