package retrieval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Qrels says how relevant documents are to each query: above 0 is relevant.
type Qrels map[string]map[string]int

// Scored is a document with the score that a system gave it.
type Scored struct {
	Doc   string
	Score float64
}

// Order sorts a query's documents as trec_eval does: by score as a 32-bit float, descending, ties by document id,
// descending. A document listed twice is an error.
func Order(run []Scored) ([]string, error) {
	sorted := slices.Clone(run)
	slices.SortStableFunc(sorted, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), cmp.Compare(b.Doc, a.Doc))
	})
	docs := make([]string, len(sorted))
	seen := map[string]bool{}
	for i, s := range sorted {
		if seen[s.Doc] {
			return nil, fmt.Errorf("rank documents: %s is listed twice", s.Doc)
		}
		seen[s.Doc] = true
		docs[i] = s.Doc
	}
	return docs, nil
}

// Measures are the figures of one query's ranking.
type Measures struct {
	relevance []int // of the ranked documents, best first
	judged    []int // gains of all relevant documents, best first
}

// Measure judges a ranking.
func Measure(ranking []string, judgements map[string]int) Measures {
	var m Measures
	for _, doc := range ranking {
		m.relevance = append(m.relevance, judgements[doc])
	}
	for _, gain := range judgements {
		if gain > 0 {
			m.judged = append(m.judged, gain)
		}
	}
	slices.SortFunc(m.judged, func(a, b int) int { return b - a })
	return m
}

func (m Measures) found(k int) int {
	n := 0
	for _, r := range m.relevance[:min(k, len(m.relevance))] {
		if r > 0 {
			n++
		}
	}
	return n
}

// All is the cut that keeps the whole ranking.
const All = math.MaxInt

// Recall is the share of the relevant documents among the first k.
func (m Measures) Recall(k int) float64 { return ratio(m.found(k), len(m.judged)) }

// Precision is the share of relevant documents among the first k; a shorter ranking is still divided by k.
func (m Measures) Precision(k int) float64 { return ratio(m.found(k), k) }

// Success is 1 where a relevant document is among the first k.
func (m Measures) Success(k int) float64 { return float64(min(1, m.found(k))) }

// ReciprocalRank is one over the rank of the first relevant document, 0 where none is among the first k.
func (m Measures) ReciprocalRank(k int) float64 {
	for i, r := range m.relevance[:min(k, len(m.relevance))] {
		if r > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// AveragePrecision is the mean of the precisions at the ranks of relevant documents.
func (m Measures) AveragePrecision() float64 {
	sum, found := 0.0, 0
	for i, r := range m.relevance {
		if r > 0 {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	if len(m.judged) == 0 {
		return 0
	}
	return sum / float64(len(m.judged))
}

// NDCG is the discounted cumulative gain of the first k over the best possible one: linear gain, log2(rank+1), as in
// trec_eval; the exponential gain found elsewhere gives other numbers.
func (m Measures) NDCG(k int) float64 {
	ideal := gain(m.judged, k)
	if ideal == 0 {
		return 0
	}
	return gain(m.relevance, k) / ideal
}

func gain(relevance []int, k int) float64 {
	sum := 0.0
	for i, r := range relevance[:min(k, len(relevance))] {
		if r > 0 {
			sum += float64(r) / math.Log2(float64(i+2))
		}
	}
	return sum
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
