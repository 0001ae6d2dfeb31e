package clean

// Select keeps the rows whose column has one of the listed values.
type Select struct {
	Column string   `json:"column" check:"required" jsonschema:"column that is looked at"`
	Values []string `json:"values" check:"required,minlen=1" jsonschema:"values that are kept; numbers as they are written"`
}

func init() { register("select", &Select{}) }

func (*Select) Reasons() []string { return []string{"not_selected"} }

// NeedColumns are the columns that must exist.
func (s *Select) NeedColumns() []string { return []string{s.Column} }

// Apply compares the value as text; a missing value is in no list.
func (s *Select) Apply(d *Document) Verdict {
	value, ok := d.Column(s.Column)
	if ok {
		for _, v := range s.Values {
			if v == value {
				return Keep
			}
		}
	}
	return Drop("not_selected", s.Column, clip(value))
}

// clip shortens a value for the numbers of a verdict.
func clip(s string) string {
	const limit = 80
	for i := range s {
		if i >= limit {
			return s[:i] + "…"
		}
	}
	return s
}
