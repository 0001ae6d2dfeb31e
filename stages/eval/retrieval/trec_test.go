package retrieval_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/eval/retrieval"
)

func ranking(t *testing.T, run map[string]float64) []string {
	t.Helper()
	var scored []retrieval.Scored
	for doc, s := range run {
		scored = append(scored, retrieval.Scored{Doc: doc, Score: s})
	}
	order, err := retrieval.Order(scored)
	if err != nil {
		t.Fatal(err)
	}
	return order
}

func TestMeasuresEqualTrecEval(t *testing.T) {
	for _, g := range rows[struct {
		Name     string
		Qrels    retrieval.Qrels
		Run      map[string]map[string]float64
		PerQuery map[string]map[string]any `json:"per_query"`
	}](t, "golden/text/retrieval/trec_eval.jsonl.gz") {
		for query, want := range g.PerQuery {
			order := ranking(t, g.Run[query])
			m := retrieval.Measure(order, g.Qrels[query])
			got := map[string]float64{
				"map": m.AveragePrecision(), "ndcg": m.NDCG(retrieval.All), "ndcg_cut_5": m.NDCG(5), "ndcg_cut_10": m.NDCG(10),
				"ndcg_cut_100": m.NDCG(100), "recall_5": m.Recall(5), "recall_10": m.Recall(10), "recall_100": m.Recall(100),
				"recip_rank": m.ReciprocalRank(retrieval.All), "mrr_10": m.ReciprocalRank(10), "P_5": m.Precision(5),
				"P_10": m.Precision(10), "P_30": m.Precision(30), "success_1": m.Success(1), "success_5": m.Success(5),
			}
			for name, value := range got {
				if w, ok := want[name].(float64); !ok || math.Abs(value-w) > 1e-9 {
					t.Errorf("%s %s %s = %v, want %v", g.Name, query, name, value, want[name])
				}
			}
			var top []any
			for _, doc := range order[:min(20, len(order))] {
				top = append(top, doc)
			}
			if diff := cmp.Diff(want["trec_order_top20"], any(top)); diff != "" {
				t.Errorf("%s %s order (-want +got):\n%s", g.Name, query, diff)
			}
		}
	}
	if _, err := retrieval.Order([]retrieval.Scored{{Doc: "a"}, {Doc: "a"}}); err == nil {
		t.Error("a document listed twice: want an error")
	}
}
