// Package format is the third stage: cleaned rows become conversations, conversations become token blocks with a loss mask,
// and, where the pipeline evaluates, a knowledge base and questions.
//
// A record shape is one file of this package: a struct whose fields are its settings, registered by name, with Convert, which
// turns one row into any number of conversations. A shape that can also ask questions implements Examiner.
//
// This stage names the model directory, once: the manifest's note "model" carries its name and the digests of its config,
// tokenizer, template and weights; train and eval read them there and refuse another.
package format
