package format

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"fettle/schemas"
)

func init() { register("spark", &Spark{Formatting: "alpaca"}) }

// Spark reads the tuning data of iFlytek Spark: files in Alpaca's or ShareGPT's form, with the mapping of their
// dataset_info.json. An entry of that file, without file_name, is this shape's settings: JSON is YAML.
type Spark struct {
	Formatting string            `json:"formatting" check:"oneof=alpaca|sharegpt" jsonschema:"form of the rows"`
	Columns    map[string]string `json:"columns" jsonschema:"columns of prompt, query, response, system, history (alpaca) or messages, system, tools (sharegpt)"`
}

// sparkColumns are the names that a mapping may hold, with the columns that they stand for where it is silent.
var sparkColumns = map[string]map[string]string{
	"alpaca":   {"prompt": "instruction", "query": "input", "response": "output", "system": "system", "history": "history"},
	"sharegpt": {"messages": "conversations", "system": "system", "tools": "tools"},
}

// Check refuses a name that the mapping of the form does not have.
func (s *Spark) Check(fault func(field, want string)) {
	known := sparkColumns[s.Formatting]
	for name := range s.Columns {
		if _, ok := known[name]; !ok && known != nil {
			fault("columns", fmt.Sprintf("names of %s (%s): %q is none", s.Formatting, strings.Join(slices.Sorted(maps.Keys(known)), ", "), name))
		}
	}
}

// columns implements columned.
func (s *Spark) columns() (must, may []string) { return s.shape().(columned).columns() }

// Passes implements Shape.
func (s *Spark) Passes() int { return 1 }

// Convert implements Shape.
func (s *Spark) Convert(r *Record, pass int) iter.Seq2[schemas.Conversation, error] {
	return s.shape().Convert(r, pass)
}

// shape is the form with the mapping's columns.
func (s *Spark) shape() Shape {
	if s.Formatting == "sharegpt" {
		return &ShareGPT{Conversations: s.column("messages"), System: s.column("system"), Tools: s.column("tools")}
	}
	return &Alpaca{Prompt: s.column("prompt"), Query: s.column("query"), Response: s.column("response"), System: s.column("system"), History: s.column("history")}
}

func (s *Spark) column(name string) string {
	if c := s.Columns[name]; c != "" {
		return c
	}
	return sparkColumns[s.Formatting][name]
}
