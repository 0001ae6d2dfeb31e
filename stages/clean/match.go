package clean

import (
	"fmt"
	"regexp"
)

// Match drops rows by a regular expression on one column: those that match it (pages that only point to others, licence
// headers, tests) or those that do not.
type Match struct {
	Column  string `json:"column" jsonschema:"column that is looked at; empty = the cleaned text"`
	Pattern string `json:"pattern" check:"required" jsonschema:"regular expression (RE2); (?m) makes ^ and $ work on lines, (?s) lets . match line ends, (?i) ignores case"`
	Keep    bool   `json:"keep" jsonschema:"keep the rows that match and drop the others"`
}

func init() { register("match", &Match{}) }

// Reasons implements Operator.
func (*Match) Reasons() []string { return []string{"matches", "does_not_match"} }

// NeedColumns are the columns that must exist.
func (m *Match) NeedColumns() []string { return []string{m.Column} }

// Check refuses a pattern that does not compile.
func (m *Match) Check(fault func(field, want string)) {
	if _, err := regexp.Compile(m.Pattern); err != nil {
		fault("pattern", fmt.Sprintf("a regular expression (%v)", err))
	}
}

type matcher struct {
	*Match
	re *regexp.Regexp
}

// Prepare compiles the pattern.
func (m *Match) Prepare(Env) (Judge, error) {
	re, err := regexp.Compile(m.Pattern)
	return matcher{m, re}, err
}

// Apply implements Judge. A missing value matches as the empty text.
func (m matcher) Apply(d *Document) Verdict {
	text := d.Text()
	if m.Column != "" {
		text, _ = d.Column(m.Column)
	}
	at := m.re.FindStringIndex(text)
	switch {
	case at != nil && !m.Keep:
		return Drop("matches", "found", clip(text[at[0]:at[1]]))
	case at == nil && m.Keep:
		return Drop("does_not_match", "pattern", m.Pattern)
	}
	return Keep
}
