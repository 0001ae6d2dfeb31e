package retrieval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/eval/retrieval"
)

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
