package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/schemas"
	"fettle/stages/eval"
)

// Every retriever: finds the one document that shares words with the question, the same way each time, never more than asked
// for, and survives an empty knowledge base and odd questions.
func TestRetrieverConformance(t *testing.T) {
	docs := []schemas.Doc{{DocID: "a", Title: "tar", Text: "extract an archive"}, {DocID: "b", Title: "git", Text: "show the log"}, {DocID: "c", Title: "容器", Text: "列出容器"}}
	for _, name := range config.Names[eval.Retriever]() {
		r, _ := config.New[eval.Retriever](name)
		if r.Shown() < 1 {
			t.Errorf("%s shows %d documents", name, r.Shown())
		}
		index := r.Index(docs)
		for query, want := range map[string]int{"archive": 0, "log": 1, "列出": 2} {
			got := index.Search(query, 2)
			if len(got) == 0 || got[0] != want || len(got) > 2 {
				t.Errorf("%s: %q finds %v, want %d first", name, query, got, want)
			}
			if diff := cmp.Diff(got, r.Index(docs).Search(query, 2)); diff != "" {
				t.Errorf("%s: %q twice:\n%s", name, query, diff)
			}
		}
		for _, query := range []string{"", "\x00\xff", "🙂"} {
			if got := r.Index(nil).Search(query, 3); len(got) != 0 {
				t.Errorf("%s found %v in nothing", name, got)
			}
			index.Search(query, 3)
		}
	}
}
