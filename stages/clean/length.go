package clean

import (
	"unicode/utf8"

	"fettle/stages/clean/units"
)

// Length drops texts that are too short or too long.
type Length struct {
	Min  int    `json:"min" check:"min=0" jsonschema:"shortest text kept"`
	Max  int    `json:"max" check:"min=0" jsonschema:"longest text kept; 0 = no limit"`
	Unit string `json:"unit" check:"oneof=runes|words" jsonschema:"what is counted: characters, or words, where every character of a script without spaces (Chinese, Japanese, Thai) is a word"`
}

func init() { register("length", &Length{Min: 1, Unit: "runes"}) }

func (*Length) Reasons() []string { return []string{"too_short", "too_long"} }

// Check holds the rule over both limits.
func (l *Length) Check(fault func(field, want string)) {
	if l.Max > 0 && l.Max < l.Min {
		fault("max", "0 or at least min")
	}
}

// Apply counts the joined text.
func (l *Length) Apply(d *Document) Verdict {
	n := utf8.RuneCountInString(d.Text())
	if l.Unit == "words" {
		n = countWords(d.Text())
	}
	switch {
	case n < l.Min:
		return Drop("too_short", l.Unit, n, "min", l.Min)
	case l.Max > 0 && n > l.Max:
		return Drop("too_long", l.Unit, n, "max", l.Max)
	}
	return Keep
}

// countWords counts runs of non-space, and every character of a wide script by itself.
func countWords(s string) int {
	n, inside := 0, false
	for _, r := range s {
		switch {
		case isSpace(r):
			inside = false
		case units.Wide(r):
			n++
			inside = false
		case !inside:
			n++
			inside = true
		}
	}
	return n
}

// isSpace is white space as Unicode and Python see it; Go's unicode.IsSpace lacks the information separators.
func isSpace(r rune) bool {
	switch {
	case r == ' ', '\t' <= r && r <= '\r', 0x1C <= r && r <= 0x1F:
		return true
	case r < 0x80:
		return false
	case r == 0x85, r == 0xA0, r == 0x1680, 0x2000 <= r && r <= 0x200A, r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return true
	}
	return false
}
