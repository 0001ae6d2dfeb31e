package eval

import (
	"fettle/internal/config"
	"fettle/schemas"
)

// Retriever finds documents for a question. One retriever belongs to one file; its fields are its settings.
type Retriever interface {
	// Index reads the knowledge base. Documents are known by their place in it.
	Index(docs []schemas.Doc) Searcher
	// Shown is how many documents go into the prompt.
	Shown() int
}

// Searcher ranks documents for a query, best first, at most n.
type Searcher interface {
	Search(query string, n int) []int
}

func init() {
	config.Register[Retriever]("bm25", &BM25{K1: 0.9, B: 0.4, Show: 3, Title: true, Stem: true, Stop: true})
}
