// Package retrieval finds the documents of a knowledge base that a question is about: Lucene's BM25 to the digit, with an
// analysis that reads English (words, stop words, Porter's stems) and Chinese (characters and pairs of characters) without
// a dictionary; and it measures how well that went, as trec_eval does.
package retrieval
