package retrieval_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
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

// rows decodes a JSON Lines file of the shared data, gzip or not, into values of T.
func rows[T any](t *testing.T, name string) []T {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		raw = gunzip(t, raw)
	}
	var out []T
	for decoder := json.NewDecoder(bytes.NewReader(raw)); ; {
		var row T
		if err := decoder.Decode(&row); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, row)
	}
}

func gunzip(t *testing.T, raw []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type collection struct {
	names  []string
	texts  []string
	topics map[string]string
	qrels  retrieval.Qrels
}

var tags = regexp.MustCompile(`</?(?:html|pre)>`)

func cacm(t *testing.T) collection {
	t.Helper()
	dir := shared.Path(t, "data/qa/cacm")
	read := func(name string) []byte {
		raw, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	c := collection{topics: map[string]string{}, qrels: retrieval.Qrels{}}
	for archive := tar.NewReader(bytes.NewReader(gunzip(t, read("cacm.tar.gz")))); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.FileInfo().IsDir() {
			continue
		}
		c.names = append(c.names, strings.TrimSuffix(header.Name[strings.LastIndexByte(header.Name, '/')+1:], ".html"))
		c.texts = append(c.texts, html.UnescapeString(tags.ReplaceAllString(latin1(raw), "")))
	}
	for _, topic := range strings.Split(string(read("topics.cacm.txt")), "<DOC>")[1:] {
		head, body, _ := strings.Cut(topic, "</DOCNO>")
		id := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(head), "<DOCNO>"))
		c.topics[id], _, _ = strings.Cut(body, "</DOC>")
	}
	for lines := bufio.NewScanner(bytes.NewReader(read("qrels.cacm.txt"))); lines.Scan(); {
		var query, zero, doc string
		var rel int
		if _, err := fmt.Sscan(lines.Text(), &query, &zero, &doc, &rel); err != nil {
			t.Fatal(err)
		}
		if c.qrels[query] == nil {
			c.qrels[query] = map[string]int{}
		}
		c.qrels[query][doc] = rel
	}
	return c
}

func latin1(raw []byte) string {
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return string(runes)
}

// The golden files' "simple" analysis: runs of a-z0-9, stop words, Porter.
var simpleWord = regexp.MustCompile(`[a-z0-9]+`)

func simple(text string) []string {
	return retrieval.Lucene.Terms(strings.Join(simpleWord.FindAllString(strings.ToLower(text), -1), " "))
}

func analyse(texts []string, terms func(string) []string) [][]string {
	out := make([][]string, len(texts))
	for i, text := range texts {
		out[i] = terms(text)
	}
	return out
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

// Anserini's published figures for BM25 on this collection: MAP 0.3123, P@30 0.1942.
func TestCACMFigures(t *testing.T) {
	c := cacm(t)
	var quality map[string]struct {
		Vocab     int
		Avgdl     float64
		MAP       float64
		P30       float64 `json:"P_30"`
		NDCG      float64 `json:"ndcg_cut_10"`
		RR        float64 `json:"recip_rank"`
		Recall100 float64 `json:"recall_100"`
	}
	raw, err := os.ReadFile(shared.Path(t, "golden/text/retrieval/cacm_quality.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &quality); err != nil {
		t.Fatal(err)
	}
	for name, want := range quality {
		terms := retrieval.Lucene.Terms
		if strings.HasPrefix(name, "simple") {
			terms = simple
		}
		setting := retrieval.BM25{K1: 0.9, B: 0.4, ByteLengths: strings.HasSuffix(name, "lossy_length")}
		index := retrieval.NewIndex(setting, analyse(c.texts, terms))
		got := want
		_, got.Vocab, got.Avgdl = index.Stats()
		got.MAP, got.P30, got.NDCG, got.RR, got.Recall100 = 0, 0, 0, 0, 0
		for query, judged := range c.qrels {
			var run []retrieval.Scored
			for _, h := range index.Search(terms(c.topics[query]), 1000) {
				run = append(run, retrieval.Scored{Doc: c.names[h.Doc], Score: h.Score})
			}
			ranking, err := retrieval.Order(run)
			if err != nil {
				t.Fatal(err)
			}
			m, n := retrieval.Measure(ranking, judged), float64(len(c.qrels))
			got.MAP += m.AveragePrecision() / n
			got.P30 += m.Precision(30) / n
			got.NDCG += m.NDCG(10) / n
			got.RR += m.ReciprocalRank(retrieval.All) / n
			got.Recall100 += m.Recall(100) / n
		}
		if diff := cmp.Diff(want, got, approximately(1e-9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func approximately(tolerance float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Max(1, math.Abs(a)) })
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

func TestPorterEqualsLucene(t *testing.T) {
	for _, g := range rows[struct {
		W    string
		Want string `json:"porter_lucene"`
	}](t, "golden/text/retrieval/stem.jsonl") {
		if got := retrieval.Porter(g.W); got != g.Want {
			t.Errorf("Porter(%q) = %q, want %q", g.W, got, g.Want)
		}
	}
}

func TestTerms(t *testing.T) {
	for in, want := range map[string][]string{
		"The cat's cats":         {"cat", "cat"},
		"U.S.A. 3.14 1,000 a_b":  {"u.s.a", "3.14", "1,000", "a_b"},
		"can't can’t 'quoted'":   {"can't", "can’t", "quot"},
		"a:b a;b a,b 1:2 x - __": {"a:b", "b", "b", "1", "2", "x"},
		"训练GPU模型":                {"训", "练", "训练", "gpu", "模", "型", "模型"},
		"":                       nil,
	} {
		if diff := cmp.Diff(want, retrieval.Lucene.Terms(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

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
