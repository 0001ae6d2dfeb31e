package cli

import (
	"fmt"
	"slices"
	"strings"

	"fettle/internal/table"
)

// askedBy are the names that well-known data sets give a question and its answer (Alpaca, Dolly, GSM8K, NuminaMath, TRL's prompt and completion).
var askedBy = [][2]string{{"instruction", "output"}, {"instruction", "response"}, {"question", "answer"}, {"question", "response"}, {"prompt", "completion"},
	{"prompt", "response"}, {"prompt", "output"}, {"query", "response"}, {"query", "answer"}, {"problem", "solution"}}

// askedShape knows questions with answers by their columns: of Alpaca's names, whatever they hold, and of others where they hold text.
func askedShape(fields []table.Field) string {
	for i, names := range askedBy {
		found := 0
		for _, f := range fields {
			if slices.Contains(names[:], f.Name) && (i == 0 || f.Type.Kind() == table.KindString) {
				found++
			}
		}
		if found == 2 && i == 0 {
			return "alpaca"
		}
		if found == 2 {
			return fmt.Sprintf("alpaca of %s and %s", names[0], names[1])
		}
	}
	return ""
}

// nameColumns takes the names of question and answer out of the shape.
func (t *tablesFound) nameColumns() {
	shape, names, _ := strings.Cut(t.Shape, " of ")
	t.Shape, t.Asked = shape, askedBy[0]
	if question, answer, ok := strings.Cut(names, " and "); ok {
		t.Asked = [2]string{question, answer}
	}
}

// query is the column that belongs to the question: Alpaca's input, Dolly's context.
func (t *tablesFound) query() string {
	if slices.Contains(t.Columns, "context") && !slices.Contains(t.Columns, "input") {
		return "context"
	}
	return "input"
}

// askedYAML is Alpaca's shape with the columns that are not called as it expects.
func (t *tablesFound) askedYAML() string {
	var settings []string
	for _, s := range [][3]string{{"prompt", "instruction", t.Asked[0]}, {"query", "input", t.query()}, {"response", "output", t.Asked[1]}} {
		if s[1] != s[2] {
			settings = append(settings, s[0]+": "+s[2])
		}
	}
	if len(settings) == 0 {
		return t.Shape
	}
	return fmt.Sprintf("{%s: {%s}}", t.Shape, strings.Join(settings, ", "))
}
