package eval

import (
	"fettle/schemas"
	"fettle/stages/eval/retrieval"
)

// BM25 is Lucene's ranking by words (Chinese: characters and pairs), with k1 and b as Anserini sets them.
type BM25 struct {
	K1    float64 `json:"k1" check:"min=0" jsonschema:"how soon a repeated word stops counting"`
	B     float64 `json:"b" check:"min=0,max=1" jsonschema:"how much long documents are held back"`
	Show  int     `json:"k" check:"min=1" jsonschema:"documents that go into the prompt"`
	Title bool    `json:"title" jsonschema:"search the titles as well as the texts"`
	Stem  bool    `json:"stem" jsonschema:"reduce English words to their stems (Porter)"`
	Stop  bool    `json:"stop" jsonschema:"leave out Lucene's English stop words"`
}

// Shown implements Retriever.
func (r *BM25) Shown() int { return r.Show }

// Index implements Retriever.
func (r *BM25) Index(docs []schemas.Doc) Searcher {
	analysis := retrieval.Analysis{Stem: r.Stem, Stop: r.Stop}
	terms := make([][]string, len(docs))
	for i, d := range docs {
		text := d.Text
		if r.Title {
			text = d.Title + "\n" + text
		}
		terms[i] = analysis.Terms(text)
	}
	return &bm25Index{analysis, retrieval.NewIndex(retrieval.BM25{K1: r.K1, B: r.B}, terms)}
}

type bm25Index struct {
	analysis retrieval.Analysis
	index    *retrieval.Index
}

// Search implements Searcher.
func (x *bm25Index) Search(query string, n int) []int {
	hits := x.index.Search(x.analysis.Terms(query), n)
	docs := make([]int, len(hits))
	for i, h := range hits {
		docs[i] = h.Doc
	}
	return docs
}
