package retrieval

import (
	"math"
	"slices"
)

// Method is a variant of BM25, named as in bm25s.
type Method string

// The variants. Lucene's is the one that fettle retrieves with; the others are there to compare with other systems.
const (
	MethodLucene    Method = "lucene"
	MethodRobertson Method = "robertson"
	MethodATIRE     Method = "atire"
	MethodBM25L     Method = "bm25l"
	MethodBM25Plus  Method = "bm25+"
)

// BM25 holds the parameters of a ranking.
type BM25 struct {
	Method      Method  // "" = lucene
	K1, B       float64 // saturation of term counts; weight of document length
	Delta       float64 // of bm25l and bm25+
	ByteLengths bool    // keep document lengths in one byte each, as Lucene does
}

// posting is a document that holds a term, and how often.
type posting struct{ doc, count int32 }

// Index is an inverted index over analysed documents. It is safe for concurrent searches.
type Index struct {
	setting  BM25
	postings map[string][]posting
	lengths  []float64 // as they enter the formula
	average  float64   // of the true lengths
}

// NewIndex indexes documents given as terms. A document's number is its place.
func NewIndex(setting BM25, docs [][]string) *Index {
	x := &Index{setting: setting, postings: map[string][]posting{}, lengths: make([]float64, len(docs))}
	total := 0
	for d, terms := range docs {
		total += len(terms)
		x.lengths[d] = float64(len(terms))
		if setting.ByteLengths {
			x.lengths[d] = float64(byteLength(len(terms)))
		}
		for _, t := range terms {
			list := x.postings[t]
			if n := len(list); n > 0 && list[n-1].doc == int32(d) {
				list[n-1].count++
				continue
			}
			x.postings[t] = append(list, posting{int32(d), 1})
		}
	}
	if len(docs) > 0 {
		x.average = float64(total) / float64(len(docs))
	}
	return x
}

// Stats describes the index: documents, distinct terms, mean document length.
func (x *Index) Stats() (docs, terms int, average float64) {
	return len(x.lengths), len(x.postings), x.average
}

// Scores gives every document's score; a term that the query repeats counts each time.
func (x *Index) Scores(query []string) []float64 {
	scores := make([]float64, len(x.lengths))
	for _, term := range query {
		list := x.postings[term]
		if len(list) == 0 {
			continue
		}
		idf := x.idf(len(list))
		if absent := x.saturate(0, 1); absent != 0 { // bm25l and bm25+ credit a term to documents without it
			for d := range scores {
				scores[d] += idf * absent
			}
			for _, p := range list {
				scores[p.doc] -= idf * absent
			}
		}
		for _, p := range list {
			scores[p.doc] += idf * x.saturate(float64(p.count), x.norm(int(p.doc)))
		}
	}
	return scores
}

// Hit is a retrieved document.
type Hit struct {
	Doc   int
	Score float64
}

// Search returns the k best documents that score above zero, ties in document order.
func (x *Index) Search(query []string, k int) []Hit {
	var hits []Hit
	for d, s := range x.Scores(query) {
		if s > 0 {
			hits = append(hits, Hit{d, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	return hits[:min(k, len(hits))]
}

func (x *Index) norm(doc int) float64 {
	return 1 - x.setting.B + x.setting.B*x.lengths[doc]/x.average
}

// idf weighs a term that df documents hold.
func (x *Index) idf(df int) float64 {
	n, d := float64(len(x.lengths)), float64(df)
	switch x.setting.Method {
	case MethodRobertson:
		return math.Log(max(1, (n-d+0.5)/(d+0.5)))
	case MethodATIRE:
		return math.Log(n / d)
	case MethodBM25L:
		return math.Log((n + 1) / (d + 0.5))
	case MethodBM25Plus:
		return math.Log((n + 1) / d)
	}
	return math.Log1p((n - d + 0.5) / (d + 0.5))
}

// saturate turns a term's count in a document into a weight.
func (x *Index) saturate(count, norm float64) float64 {
	k1, delta := x.setting.K1, x.setting.Delta
	switch x.setting.Method {
	case MethodATIRE:
		return count * (k1 + 1) / (count + k1*norm)
	case MethodBM25L:
		c := count/norm + delta
		return (k1 + 1) * c / (k1 + c)
	case MethodBM25Plus:
		return (k1+1)*count/(k1*norm+count) + delta
	}
	return count / (count + k1*norm)
}

// byteLength is the length that remains of n after Lucene's SmallFloat.intToByte4 and back: exact to 39, then the four
// leading bits of what exceeds 24.
func byteLength(n int) int {
	const exact = 24 // 255 - longToInt4(Integer.MAX_VALUE)
	if n < exact {
		return n
	}
	return exact + fourBits(n-exact)
}

// fourBits keeps the highest four bits of v.
func fourBits(v int) int {
	for shift := 0; ; shift++ {
		if v>>shift < 16 {
			return v >> shift << shift
		}
	}
}
