package retrieval_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/eval/retrieval"
)

// The toy collection of the evaluation protocol.
func TestToyFigures(t *testing.T) {
	docs := [][]string{
		strings.Fields("cat cat cat cat dog"), strings.Fields("cat dog bird fish"), strings.Fields("bird bird fish"),
	}
	for _, tt := range []struct {
		setting retrieval.BM25
		want    []float64
	}{
		{retrieval.BM25{K1: 0.9, B: 0.4}, []float64{.376756, .494741, .259671}},
		{retrieval.BM25{K1: 1.2, B: 0.75}, []float64{.346546, .427276, .237977}},
		{retrieval.BM25{Method: retrieval.MethodATIRE, K1: 1.2, B: 0.75}, []float64{.657713, .81093, .451657}},
		{retrieval.BM25{Method: retrieval.MethodBM25L, K1: 1.5, B: 0.75, Delta: 0.5}, []float64{1.14045, 1.175009, .923221}},
		{retrieval.BM25{Method: retrieval.MethodBM25Plus, K1: 1.5, B: 0.75, Delta: 0.5}, []float64{1.892104, 2.079442, 1.474158}},
	} {
		got := retrieval.NewIndex(tt.setting, docs).Scores([]string{"cat", "fish"})
		for d := range got {
			if math.Abs(got[d]-tt.want[d]) > 1e-6 {
				t.Errorf("%+v: %v, want %v", tt.setting, got, tt.want)
				break
			}
		}
	}
}

type ranked struct {
	Query  string
	Method retrieval.Method
	K1, B  float64
	Delta  float64
	Tokens []string
	Top10  [][2]any
	Top5   [][2]any
}

func compare(t *testing.T, label string, hits []retrieval.Hit, names []string, want [][2]any) {
	t.Helper()
	var got, expected []string
	for _, h := range hits {
		got = append(got, names[h.Doc])
	}
	for i, w := range want {
		expected = append(expected, w[0].(string))
		if i < len(hits) && math.Abs(hits[i].Score-w[1].(float64)) > 1e-8*math.Max(1, w[1].(float64)) {
			t.Errorf("%s: rank %d scores %v, want %v", label, i+1, hits[i].Score, w[1])
		}
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", label, diff)
	}
}

func TestCACMEqualsBM25S(t *testing.T) {
	c := cacm(t)
	docs := analyse(c.texts, simple)
	for _, sample := range rows[struct {
		Doc    string
		Tokens []string
	}](t, "golden/text/retrieval/cacm_docs_tokens_sample.jsonl") {
		if diff := cmp.Diff(sample.Tokens, docs[slices.Index(c.names, sample.Doc)]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sample.Doc, diff)
		}
	}
	index := retrieval.NewIndex(retrieval.BM25{K1: 0.9, B: 0.4}, docs)
	for _, g := range rows[ranked](t, "golden/text/retrieval/cacm_bm25_lucene.jsonl") {
		query := simple(c.topics[g.Query])
		if diff := cmp.Diff(g.Tokens, query); diff != "" {
			t.Errorf("query %s (-want +got):\n%s", g.Query, diff)
		}
		compare(t, "query "+g.Query, index.Search(query, 10), c.names, g.Top10)
	}
	for _, g := range rows[ranked](t, "golden/text/retrieval/cacm_bm25_variants.jsonl") {
		setting := retrieval.BM25{Method: g.Method, K1: g.K1, B: g.B, Delta: g.Delta}
		hits := retrieval.NewIndex(setting, docs).Search(simple(c.topics[g.Query]), 5)
		compare(t, fmt.Sprintf("%s %v/%v query %s", g.Method, g.K1, g.B, g.Query), hits, c.names, g.Top5)
	}
}

func TestChineseEqualsBM25S(t *testing.T) {
	type doc struct {
		DocID string `json:"doc_id"`
		Title string
		Text  string
	}
	type question struct {
		ID, Question string
		DocID        string `json:"doc_id"`
	}
	for _, g := range rows[struct {
		Text   string
		Tokens []string
	}](t, "golden/text/retrieval/cmrc2018_trial_tokens_sample.jsonl") {
		if diff := cmp.Diff(g.Tokens, chinese(g.Text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", g.Text, diff)
		}
	}
	var names []string
	var texts []string
	for _, d := range rows[doc](t, "data/qa-kb/cmrc2018_trial/kb.jsonl") {
		names, texts = append(names, d.DocID), append(texts, d.Text)
	}
	questions := map[string]question{}
	for _, q := range rows[question](t, "data/qa-kb/cmrc2018_trial/questions.jsonl") {
		questions[q.ID] = q
	}
	index := retrieval.NewIndex(retrieval.BM25{K1: 0.9, B: 0.4}, analyse(texts, chinese))
	recall, rr, n := 0.0, 0.0, 0.0
	for _, g := range rows[ranked](t, "golden/text/retrieval/cmrc2018_trial_bm25_lucene.jsonl.gz") {
		q := questions[g.Query]
		hits := index.Search(chinese(q.Question), 10)
		compare(t, g.Query, hits, names, g.Top10)
		var ranking []string
		for _, h := range hits {
			ranking = append(ranking, names[h.Doc])
		}
		m := retrieval.Measure(ranking, map[string]int{q.DocID: 1})
		recall, rr, n = recall+m.Recall(1), rr+m.ReciprocalRank(10), n+1
	}
	if math.Abs(recall/n-0.9740518962075848) > 1e-9 || math.Abs(rr/n-0.9845642049234863) > 1e-9 {
		t.Errorf("R@1 %v, MRR@10 %v of %v questions", recall/n, rr/n, n)
	}
}

// The golden Chinese analysis: Han characters and pairs, runs of a-z0-9 elsewhere, no stop words, no stems.
func chinese(text string) []string {
	var out []string
	for _, run := range regexp.MustCompile(`[a-z0-9]+|[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{3ffff}]+`).
		FindAllString(strings.ToLower(text), -1) {
		if run[0] >= 0x80 {
			out = append(out, retrieval.Analysis{}.Terms(run)...)
		} else {
			out = append(out, run)
		}
	}
	return out
}
