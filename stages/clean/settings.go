package clean

import (
	"fmt"

	"fettle/internal/config"
	"fettle/internal/stage"
)

// Settings is the section clean of a stages.yaml.
type Settings struct {
	stage.Gates
	Columns   []string                  `json:"columns" check:"required,minlen=1" jsonschema:"text columns that are cleaned; a dotted name leads into nested ones (messages.content)"`
	Operators []config.Choice[Operator] `json:"operators" jsonschema:"what is done to every row, in this order"`
}

func defaults() Settings { return Settings{Gates: stage.Open, Columns: []string{"text"}} }

// Check holds the rules over several settings.
func (s Settings) Check(fault func(field, want string)) {
	for i, c := range s.Operators {
		if _, splits := c.Value.(*Split); splits && i != len(s.Operators)-1 {
			fault(fmt.Sprintf("operators[%d]", i), "split as the last operator: rows that are dropped after it would belong to no split")
		}
	}
	seen := map[string]bool{}
	for i, name := range s.Columns {
		if seen[name] {
			fault(fmt.Sprintf("columns[%d]", i), fmt.Sprintf("a column once: %q stands above", name))
		}
		seen[name] = true
	}
}
