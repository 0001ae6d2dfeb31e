package aligned

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// A Form is a normal form of Unicode.
type Form struct {
	form    norm.Form
	compat  bool
	compose bool
}

// The four normal forms.
var (
	NFC  = Form{norm.NFC, false, true}
	NFD  = Form{norm.NFD, false, false}
	NFKC = Form{norm.NFKC, true, true}
	NFKD = Form{norm.NFKD, true, false}
)

// unicode9 is what Unicode 9 had assigned. The reference's normal forms are of that version: a rune that came later is to it a
// letter like any other.
var unicode9 = rangetable.Assigned("9.0.0")

func isLater(r rune) bool { return r >= 0x300 && !unicode.Is(unicode9, r) }

// IsMark says whether a rune is a mark (M), as of Unicode 9; the runes named have changed since.
func IsMark(r rune) bool {
	switch r {
	case 0x1cf2, 0x1cf3:
		return true
	case 0x111c9:
		return false
	}
	return unicode.Is(unicode.M, r) && !isLater(r)
}

// Form puts t into a normal form.
func (t *Text) Form(f Form) {
	if f == NFC {
		if t.blind {
			t.S = composed(t.S)
			return
		}
		if unsettledTable().find(t.S, 0) < 0 {
			return
		}
	}
	t.reform(f)
}

// composed is s in NFC, stretch by stretch: most of a text has none.
func composed(s string) string {
	t := unsettledTable()
	at := t.find(s, 0)
	if at < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for ; at >= 0; at = t.find(s, at) {
		start, end := t.stretch(s, at)
		at = end
		if norm.NFC.IsNormalString(s[start:end]) {
			continue
		}
		part := Of(s[start:end], false)
		part.Transform(compose(decompose(part.S, false)), 0)
		b.WriteString(s[done:start])
		b.WriteString(part.S)
		done = end
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// reform is Form for any text.
func (t *Text) reform(f Form) {
	if f.form.IsNormalString(t.S) {
		return
	}
	if t.blind && !strings.ContainsFunc(t.S, func(r rune) bool { return isLater(r) || f.compose && isWide(r) }) {
		// The package breaks long rows of marks with joiners, which the reference does not.
		if s := f.form.String(t.S); strings.Count(s, joiner) == strings.Count(t.S, joiner) {
			t.S = s
			return
		}
	}
	changes := decompose(t.S, f.compat)
	if f.compose {
		changes = compose(changes)
	}
	t.Transform(changes, 0)
}

const joiner = "\u034f"

// decompose splits runes, each part but the first being new, and sorts combining marks.
func decompose(s string, compat bool) []Change {
	form := norm.NFD
	if compat {
		form = norm.NFKD
	}
	out := make([]Change, 0, len(s))
	pending := 0 // first of the marks that are not sorted yet
	sort := func() {
		slices.SortStableFunc(out[pending:], func(a, b Change) int { return int(ccc(a.Rune)) - int(ccc(b.Rune)) })
	}
	for _, r := range s {
		by := 0
		parts := string(r)
		if !isLater(r) {
			parts = form.String(parts)
		}
		for _, d := range parts {
			if ccc(d) == 0 {
				sort()
				pending = len(out) + 1
			}
			out = append(out, Change{d, by})
			by = 1
		}
	}
	sort()
	return out
}

// compose joins what canonical composition joins; a joined rune replaces all that it was made of.
func compose(in []Change) []Change {
	out := in[:0:0]
	starter, last := -1, -1 // place of the last starter in out, class of the last mark after it
	for _, c := range in {
		class := int(ccc(c.Rune))
		if starter >= 0 && (last < class || last < 0) {
			if r, ok := join(out[starter].Rune, c.Rune); ok {
				out[starter] = Change{r, out[starter].By + c.By - 1}
				continue
			}
		}
		if class == 0 {
			starter, last = len(out), -1
		} else {
			last = class
		}
		out = append(out, c)
	}
	return out
}

// join is the rune that two compose to.
func join(a, b rune) (rune, bool) {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return 0, false
	}
	pair := string(a) + string(b)
	s := norm.NFC.String(pair)
	r, w := utf8.DecodeRuneInString(s)
	if w < len(s) || isLater(r) {
		return 0, false
	}
	return r, !isWide(a) && !isWide(b) || norm.NFD.String(s) == norm.NFD.String(pair)
}

// isWide are the runes that the package composes as if their upper bits were not there: U+10041 and an acute accent to Á.
func isWide(r rune) bool { return r > 0xffff }

func ccc(r rune) uint8 {
	if r < 0x300 || isLater(r) {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}
