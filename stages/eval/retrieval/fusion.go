package retrieval

import (
	"cmp"
	"slices"
)

// Fuse joins rankings by reciprocal rank fusion: a document scores 1/(k+rank) in each ranking that holds it, ranks from 1;
// ties go to the smaller id. k = 60 is the constant of Cormack, Clarke and Büttcher (SIGIR 2009).
func Fuse(k int, rankings ...[]string) []Scored {
	scores := map[string]float64{}
	for _, ranking := range rankings {
		for i, doc := range ranking {
			scores[doc] += 1 / float64(k+i+1)
		}
	}
	fused := make([]Scored, 0, len(scores))
	for doc, s := range scores {
		fused = append(fused, Scored{doc, s})
	}
	slices.SortFunc(fused, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
	})
	return fused
}
