package retrieval_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/stages/eval/retrieval"
)

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
