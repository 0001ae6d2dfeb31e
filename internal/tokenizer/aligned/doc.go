// Package aligned holds text on its way through a tokenizer, together with the place in the original text that every byte of
// it stands for, and the changes (normal forms, case, replacements) that keep that alignment.
//
// The rules of alignment are those of Hugging Face's NormalizedString, so that offsets agree with it.
//
// In: the original text. Out: the changed text, of which every part knows its place in the original. Without offsets it keeps
// no books and costs no more than strings.
package aligned
