package retrieval_test

import (
	"testing"

	"fettle/stages/eval/retrieval"
)

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
