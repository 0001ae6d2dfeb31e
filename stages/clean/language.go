package clean

import (
	"fmt"
	"slices"
	"strings"

	"fettle/stages/clean/lang"
)

// Language keeps rows in the listed languages: by script first, and between languages of one script by their commonest words
// and letters. Mixed texts are judged by most of their letters. What no language stands out in, most often because it is short,
// is unknown.
type Language struct {
	Languages   []string `json:"languages" check:"required,minlen=1" jsonschema:"languages that are kept, as ISO 639-1 codes (zh, en, ja, ko, ru ...)"`
	DropUnknown bool     `json:"drop_unknown" jsonschema:"also drop rows without enough letters to tell"`
}

func init() { register("language", &Language{Languages: []string{"en", "zh"}}) }

// Reasons implements Operator.
func (*Language) Reasons() []string { return []string{"other_language", "unknown_language"} }

// Check refuses codes that would never match.
func (l *Language) Check(fault func(field, want string)) {
	for i, code := range l.Languages {
		if !lang.Known(code) {
			fault(fmt.Sprintf("languages[%d]", i), "one of "+strings.Join(lang.Codes(), ", "))
		}
	}
}

// Apply implements Judge.
func (l *Language) Apply(d *Document) Verdict {
	found := lang.Detect(d.Text())
	switch {
	case found == "" && l.DropUnknown:
		return Drop("unknown_language")
	case found == "" || slices.Contains(l.Languages, found):
		return Keep
	}
	return Drop("other_language", "language", found)
}
