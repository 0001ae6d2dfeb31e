// Package mini is a whole project small enough for tests: a dozen Markdown pages in two languages, a tiny model of random
// weights with a tokenizer learnt from those pages, and a pipeline of all five stages that ends in about two seconds.
//
// Write makes the same bytes every time, so that what its stages make can be pinned.
package mini
