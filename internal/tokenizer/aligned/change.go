package aligned

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lower puts t into lower case.
func (t *Text) Lower() {
	if strings.IndexFunc(t.S, func(r rune) bool { return unicode.ToLower(r) != r }) < 0 {
		return
	}
	changes := make([]Change, 0, len(t.S))
	for _, r := range t.S {
		if r == 'İ' { // the one rune whose lower case is two
			changes = append(changes, Change{'i', 0}, Change{'\u0307', 1})
			continue
		}
		changes = append(changes, Change{unicode.ToLower(r), 0})
	}
	t.Transform(changes, 0)
}

// Strip takes white space from the ends of t.
func (t *Text) Strip(left, right bool) {
	from, to := 0, len(t.S)
	if left {
		from = len(t.S) - len(strings.TrimLeftFunc(t.S, unicode.IsSpace))
	}
	if right {
		to = max(from, len(strings.TrimRightFunc(t.S, unicode.IsSpace)))
	}
	*t = t.Slice(from, to)
}

// Surround puts a space before and after the runes for which is holds.
func (t *Text) Surround(is func(rune) bool) {
	if strings.IndexFunc(t.S, is) < 0 {
		return
	}
	changes := make([]Change, 0, len(t.S))
	for _, r := range t.S {
		if is(r) {
			changes = append(changes, Change{' ', 0}, Change{r, 1}, Change{' ', 1})
			continue
		}
		changes = append(changes, Change{r, 0})
	}
	t.Transform(changes, 0)
}

// AppendReplacement appends the changes that put a new string in the place of old: as many runes as both have replace each
// other, those beyond are new or gone.
func AppendReplacement(changes []Change, old, new string) []Change {
	extra := utf8.RuneCountInString(new) - utf8.RuneCountInString(old)
	for _, r := range new {
		changes = append(changes, Change{r, 0})
	}
	if extra < 0 && len(changes) > 0 {
		changes[len(changes)-1].By += extra
	}
	for i := len(changes) - 1; extra > 0 && i >= 0; i-- {
		changes[i].By = 1
		extra--
	}
	return changes
}
