package aligned

import (
	"strings"
	"unicode/utf8"
)

// A Span is a half-open range of bytes of the original text.
type Span struct{ Start, End int }

// Text is a piece of text. The zero value is the empty text.
type Text struct {
	S string

	base  int    // where S starts in the original text, while S is a part of it
	spans []Span // one per byte of S once it differs from the original; nil while it does not
	blind bool   // nobody will ask for offsets: keep none
}

// Of is the original text itself. With offsets unset it does no book-keeping: Offsets must not be asked for.
func Of(s string, offsets bool) Text { return Text{S: s, blind: !offsets} }

// FromBytes is the original text with each part that is no UTF-8 replaced by U+FFFD.
func FromBytes(s string, offsets bool) Text {
	if utf8.ValidString(s) {
		return Of(s, offsets)
	}
	t := Text{blind: !offsets}
	b := t.builder()
	for i := 0; i < len(s); {
		r, w := DecodeRune(s[i:])
		b.add(r, Span{i, i + w})
		i += w
	}
	b.into(&t)
	return t
}

// Slice is the part of t between two bytes.
func (t Text) Slice(from, to int) Text {
	p := Text{S: t.S[from:to], base: t.base + from, blind: t.blind}
	if t.spans != nil {
		p.spans = t.spans[from:to]
		p.base = t.base
		if from < to {
			p.base = p.spans[0].Start
		}
	}
	return p
}

// Offsets gives the place in the original text of a part of t, whole characters. An empty part has the place from, to.
func (t Text) Offsets(from, to int) (start, end int) {
	if from == to {
		at := t.Start()
		return at + from, at + to
	}
	if t.spans != nil {
		return t.spans[from].Start, t.spans[to-1].End
	}
	for from > 0 && !utf8.RuneStart(t.S[from]) {
		from--
	}
	for to < len(t.S) && !utf8.RuneStart(t.S[to]) {
		to++
	}
	return t.base + from, t.base + to
}

// Start is where t starts in the original text; without offsets, only while t is an unchanged part of it.
func (t Text) Start() int {
	if len(t.spans) > 0 {
		return t.spans[0].Start
	}
	return t.base
}

// span is the place of the byte at i.
func (t Text) span(i int) Span {
	if t.spans != nil {
		return t.spans[i]
	}
	start := i
	for start > 0 && !utf8.RuneStart(t.S[start]) {
		start--
	}
	_, w := utf8.DecodeRuneInString(t.S[start:])
	return Span{t.base + start, t.base + start + w}
}

// A Change is one rune of a changed text, and how it came about: 0 it replaces the next rune of the text, n > 0 it is
// new, -n it replaces the next rune and the n after it are gone.
type Change struct {
	Rune rune
	By   int
}

// Transform makes t of the changes; dropped runes at its start are gone.
func (t *Text) Transform(changes []Change, dropped int) {
	b := t.builder()
	old := 0 // byte of the old text that the next change replaces
	next := func() {
		if old < len(t.S) {
			_, w := utf8.DecodeRuneInString(t.S[old:])
			old += w
		}
	}
	for range dropped {
		next()
	}
	for _, c := range changes {
		at := Span{t.base, t.base}
		switch {
		case b.blind:
		case c.By <= 0 && old < len(t.S):
			at = t.span(old)
		case old > 0:
			at = t.span(old - 1)
		}
		if c.By <= 0 {
			for range 1 - c.By {
				next()
			}
		}
		b.add(c.Rune, at)
	}
	b.into(t)
}

// Prepend puts s before a text that is not empty; it stands for the first rune of t.
func (t *Text) Prepend(s string) {
	if t.S == "" {
		return
	}
	if !t.blind {
		first := t.span(0)
		spans := make([]Span, 0, len(s)+len(t.S))
		for range len(s) {
			spans = append(spans, first)
		}
		t.spans = t.appendSpans(spans, 0, len(t.S))
	}
	t.S = s + t.S
}

// Replace puts content in the place of every match; its runes stand for the last rune of the match.
func (t *Text) Replace(find func(s string, from int) (start, end int), content string) {
	b := t.builder()
	last, n := 0, 0
	for start, end := range Matches(find, t.S) {
		n++
		b.text(*t, last, start)
		at := Span{t.base, t.base}
		if !b.blind && end > 0 {
			at = t.span(end - 1)
		}
		for _, r := range content {
			b.add(r, at)
		}
		last = end
	}
	if n == 0 {
		return
	}
	b.text(*t, last, len(t.S))
	b.into(t)
}

// ReplaceString puts content in the place of every old, which is not empty.
func (t *Text) ReplaceString(old, content string) {
	if t.blind {
		t.S = strings.ReplaceAll(t.S, old, content)
		return
	}
	t.Replace(func(s string, from int) (int, int) {
		i := strings.Index(s[from:], old)
		if i < 0 {
			return -1, -1
		}
		return from + i, from + i + len(old)
	}, content)
}

// Filter keeps the runes for which keep holds.
func (t *Text) Filter(keep func(rune) bool) {
	if strings.IndexFunc(t.S, func(r rune) bool { return !keep(r) }) < 0 {
		return
	}
	b := t.builder()
	from := 0
	for i, r := range t.S {
		if !keep(r) {
			b.text(*t, from, i)
			from = i + utf8.RuneLen(r)
		}
	}
	b.text(*t, from, len(t.S))
	b.into(t)
}

// Map replaces each rune by another.
func (t *Text) Map(to func(rune) rune) {
	if strings.IndexFunc(t.S, func(r rune) bool { return to(r) != r }) < 0 {
		return
	}
	b := t.builder()
	for i, r := range t.S {
		at := Span{}
		if !b.blind {
			at = t.span(i)
		}
		b.add(to(r), at)
	}
	b.into(t)
}

// appendSpans appends the spans of the bytes from..to.
func (t Text) appendSpans(dst []Span, from, to int) []Span {
	if t.spans != nil {
		return append(dst, t.spans[from:to]...)
	}
	for i := from; i < to; {
		_, w := utf8.DecodeRuneInString(t.S[i:])
		for range w {
			dst = append(dst, Span{t.base + i, t.base + i + w})
		}
		i += w
	}
	return dst
}

// builder collects a changed text.
type builder struct {
	s     strings.Builder
	spans []Span
	blind bool
}

func (t *Text) builder() *builder {
	b := &builder{blind: t.blind}
	b.s.Grow(len(t.S))
	return b
}

func (b *builder) add(r rune, at Span) {
	n := b.s.Len()
	b.s.WriteRune(r)
	if !b.blind {
		for range b.s.Len() - n {
			b.spans = append(b.spans, at)
		}
	}
}

func (b *builder) text(t Text, from, to int) {
	b.s.WriteString(t.S[from:to])
	if !b.blind {
		b.spans = t.appendSpans(b.spans, from, to)
	}
}

func (b *builder) into(t *Text) {
	t.S = b.s.String()
	if b.blind {
		return
	}
	t.base = t.Start()
	if t.spans = b.spans; t.spans == nil {
		t.spans = []Span{}
	}
}
