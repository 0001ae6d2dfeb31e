package eval_test

import (
	"fmt"

	"fettle/internal/config"
	"fettle/schemas"
	"fettle/stages/eval"
)

// A metric is a type with Score and HigherIsBetter, registered under its file's name; this is how the stage uses one.
func ExampleMetric() {
	m, _ := config.New[eval.Metric]("command_exact_match")
	fmt.Println(m.Score("`tar  xf <path>`", []string{"tar xf <path>"}), m.Score("tar cf <path>", []string{"tar xf <path>"}))
	// Output: 1 0
}

// A retriever indexes the knowledge base and ranks documents by their places in it.
func ExampleRetriever() {
	r, _ := config.New[eval.Retriever]("bm25")
	search := r.Index([]schemas.Doc{{Title: "tar", Text: "Extract an archive"}, {Title: "docker", Text: "列出容器"}})
	fmt.Println(search.Search("extracting archives", 1), search.Search("怎样列出所有容器", 1))
	// Output: [0] [1]
}
