package clean

import (
	"fmt"
	"regexp"
)

func init() { register("match", &Match{Column: "text"}) }

// Match drops rows by a regular expression on one column: those that match it, or those that do not.
type Match struct {
	Column  string `json:"column" jsonschema:"column that is looked at"`
	Pattern string `json:"pattern" check:"required" jsonschema:"regular expression (RE2); (?s) lets . match line ends"`
	Keep    bool   `json:"keep" jsonschema:"keep the rows that match and drop the others"`

	re *regexp.Regexp
}

// Check refuses a pattern that does not compile.
func (m *Match) Check(fault func(field, want string)) {
	if _, err := regexp.Compile(m.Pattern); err != nil {
		fault("pattern", fmt.Sprintf("a regular expression (%v)", err))
	}
}

// Reasons implements Operator.
func (m *Match) Reasons() []string { return []string{"matches", "does_not_match"} }

// Open implements Opener.
func (m *Match) Open(env Env) (err error) {
	if m.re, err = regexp.Compile(m.Pattern); err != nil {
		return err
	}
	return hasColumn(env, "column", m.Column)
}

// Apply implements Row.
func (m *Match) Apply(d *Document) Verdict {
	value, _ := d.Value(m.Column).(string)
	switch found := m.re.MatchString(value); {
	case found && !m.Keep:
		return Drop("matches", "found", m.re.FindString(value))
	case !found && m.Keep:
		return Drop("does_not_match", "pattern", m.Pattern)
	}
	return Keep
}
