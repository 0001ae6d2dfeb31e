package retrieval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/eval/retrieval"
)

func TestFuseEqualsRanx(t *testing.T) {
	for _, g := range rows[struct {
		RunA  map[string]map[string]float64 `json:"run_a"`
		RunB  map[string]map[string]float64 `json:"run_b"`
		K     int
		Fused map[string][][2]any
	}](t, "golden/text/retrieval/rrf.jsonl") {
		for query, want := range g.Fused {
			var got [][2]any
			for _, f := range retrieval.Fuse(g.K, ranking(t, g.RunA[query]), ranking(t, g.RunB[query])) {
				got = append(got, [2]any{f.Doc, f.Score})
			}
			if diff := cmp.Diff(want, got, approximately(1e-12)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
	}
}
