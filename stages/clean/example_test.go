package clean_test

import (
	"fmt"
	"strings"

	"fettle/internal/table"
	"fettle/stages/clean"
)

// Shouting drops texts in capitals. Its exported fields are its settings in YAML; the registered literal holds their
// defaults: func init() { register("shouting", &Shouting{Max: 0.7}) }
type Shouting struct {
	Max float64 `json:"max" check:"min=0,max=1" jsonschema:"largest share of capital letters kept"`
}

// Reasons are all that Apply may give.
func (*Shouting) Reasons() []string { return []string{"shouting"} }

// Apply judges one row.
func (s *Shouting) Apply(d *clean.Document) clean.Verdict {
	lower := strings.ToLower(d.Text())
	capitals := 0
	for i := range len(lower) {
		if lower[i] != d.Text()[i] {
			capitals++
		}
	}
	if share := float64(capitals) / float64(max(1, len(lower))); share > s.Max {
		return clean.Drop("shouting", "capitals", share, "max", s.Max)
	}
	return clean.Keep
}

// A cleaning operator is one file with a struct, its registration and Apply.
func Example_operator() {
	schema := &table.Schema{Fields: []table.Field{{Name: "id", Type: table.String}, {Name: "source", Type: table.String}, {Name: "file", Type: table.String}, {Name: "row", Type: table.Int64}, {Name: "text", Type: table.String}}}
	layout, _ := clean.NewLayout(schema, []string{"text"})
	for _, text := range []string{"A quiet word", "READ THIS"} {
		d, _ := clean.NewDocument(table.Row{"1", "s", "f", int64(1), text}, layout, nil)
		fmt.Printf("%q %+v\n", text, (&Shouting{Max: 0.7}).Apply(d))
	}
	// Output:
	// "A quiet word" {Reason: Numbers:map[]}
	// "READ THIS" {Reason:shouting Numbers:map[capitals:0.8888888888888888 max:0.7]}
}
