package examples_test

import (
	"fmt"
	"iter"

	"fettle/internal/table"
	"fettle/schemas"
	"fettle/stages/format"
)

// FAQ turns rows with a question and an answer into conversations. In stages/format/faq.go it would register itself:
// func init() { register("faq", &FAQ{Question: "question", Answer: "answer"}) }
type FAQ struct {
	Question string `json:"question" jsonschema:"column of the question"`
	Answer   string `json:"answer" jsonschema:"column of the answer"`
}

// Passes says that the rows are gone through once.
func (*FAQ) Passes() int { return 1 }

// Convert yields the conversations of a row: here one. A *format.Bad rejects the row with a reason.
func (f *FAQ) Convert(r *format.Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return func(yield func(schemas.Conversation, error) bool) {
		if r.Text(f.Answer) == "" {
			yield(schemas.Conversation{}, &format.Bad{Reason: "empty_answer", Detail: "column " + f.Answer})
			return
		}
		yield(schemas.Conversation{Origin: r.Origin, Split: r.Split, Messages: []schemas.Message{
			{Role: "user", Content: r.Text(f.Question)},
			{Role: "assistant", Content: r.Text(f.Answer), LossWeight: 1}, // 1: this turn is learnt
		}}, nil)
	}
}

// A record shape is one file with a struct, its registration, Passes and Convert.
func Example_shape() {
	fields := []table.Field{{Name: "question", Type: table.String}, {Name: "answer", Type: table.String}}
	var s format.Shape = &FAQ{Question: "question", Answer: "answer"}
	for i, row := range []table.Row{{"Who?", "Me."}, {"Why?", ""}} {
		r := format.NewRecord(schemas.NewOrigin("faq", "faq.csv", int64(i+2)), fields, row)
		for c, err := range s.Convert(r, 0) {
			fmt.Println(c.Messages, err)
		}
	}
	// Output:
	// [{user Who?  []  0} {assistant Me.  []  1}] <nil>
	// [] empty_answer: column answer
}
