package cli

import (
	"fmt"
	"slices"
	"strings"

	"fettle/internal/table"
)

// judgedShape knows preference data by its columns: pairs, or answers with a label that is true or false.
func judgedShape(fields []table.Field) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(fields, func(f table.Field) bool { return slices.Contains(names, f.Name) })
	}
	label := slices.ContainsFunc(fields, func(f table.Field) bool {
		return f.Name == "kto_tag" || f.Name == "label" && f.Type.Kind() == table.KindBool
	})
	switch {
	case has("chosen") && has("rejected"):
		return "preference"
	case label && has("completion", "output", "messages", "conversations"):
		return "kto"
	}
	return ""
}

// Judged says whether the tables hold preferences.
func (t *tablesFound) Judged() bool { return t.Shape == "preference" || t.Shape == "kto" }

// Objective is what a training on preferences minimises.
func (t *tablesFound) Objective() string {
	if t.Shape == "kto" {
		return "kto"
	}
	return "dpo"
}

// ShapeYAML is the shape with the columns that are not called as it expects.
func (t *tablesFound) ShapeYAML() string {
	switch {
	case t.Shape == "alpaca":
		return t.askedYAML()
	case !t.Judged():
		return t.Shape
	}
	var settings []string
	set := func(setting, usual string, columns ...string) {
		for _, c := range columns {
			if slices.Contains(t.Columns, c) {
				if c != usual {
					settings = append(settings, fmt.Sprintf("%s: %s", setting, c))
				}
				return
			}
		}
	}
	set("prompt", "prompt", "prompt", "instruction", "question", "conversations", "messages")
	set("query", "", "input")
	if t.Shape == "kto" {
		set("completion", "completion", "completion", "output")
		set("label", "label", "kto_tag", "label")
	}
	if len(settings) == 0 {
		return t.Shape
	}
	return fmt.Sprintf("{%s: {%s}}", t.Shape, strings.Join(settings, ", "))
}

// judgedTexts are the columns that may hold text in preference data.
var judgedTexts = []string{"system", "history", "prompt", "instruction", "input", "question", "conversations", "messages", "chosen", "rejected", "completion", "output"}

// textsInside finds the texts of a message or of a list of them.
func textsInside(t table.Type) string {
	for _, name := range []string{"content", "value"} {
		if holdsText(t, name) || holdsText(table.List(t), name) {
			return name
		}
	}
	return ""
}
