package prompt

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"fettle/internal/chat"
	"fettle/internal/jinja/py"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// Rendered is a conversation as text; Plain are the bytes of it that read like added tokens and are none.
type Rendered struct {
	chat.Rendered
	Plain []tokenizer.Range
}

// Render renders messages as the model's template does.
func (l *Language) Render(in chat.Input, o chat.RenderOptions) (Rendered, error) {
	if l.noTemplate != nil {
		return Rendered{}, l.noTemplate
	}
	all := py.List{in.Tools}
	for _, m := range in.Messages {
		all = append(all, m)
	}
	mark, err := l.mark(py.ToJSON(all, py.JSONStyle{}))
	if err != nil {
		return Rendered{}, err
	}
	if mark != 0 {
		r := l.marker(mark)
		in.Tools = marked(in.Tools, r)
		in.Messages = slices.Clone(in.Messages)
		for i, m := range in.Messages {
			if role, _ := m.Get("role"); role != "assistant" { // what the model said may hold its own tokens, <think> say
				in.Messages[i] = marked(m, r).(*py.Dict)
			}
		}
	}
	rendered, err := l.template.RenderInput(l.template.Suit(in), o)
	return l.unmark(rendered, mark), err
}

// RenderRow renders a row as chat.Template.Render does.
func (l *Language) RenderRow(c schemas.Conversation, o chat.RenderOptions) (Rendered, error) {
	if l.noTemplate != nil {
		return Rendered{}, l.noTemplate
	}
	said := []string{c.System, c.Tools}
	for _, m := range c.Messages {
		said = append(said, m.Content)
	}
	mark, err := l.mark(strings.Join(said, "\n"))
	if err != nil {
		return Rendered{}, err
	}
	if mark != 0 {
		r := l.marker(mark)
		c.System, c.Tools, c.Messages = r.Replace(c.System), r.Replace(c.Tools), slices.Clone(c.Messages)
		for i, m := range c.Messages {
			if m.Role != "assistant" {
				c.Messages[i].Content = r.Replace(m.Content)
			}
		}
	}
	rendered, err := l.template.Render(c, o)
	return l.unmark(rendered, mark), err
}

// mark is a character that occurs nowhere in what is said; 0 = none is needed, as nothing reads like a guarded token.
func (l *Language) mark(said string) (rune, error) {
	if !slices.ContainsFunc(l.guarded, func(token string) bool { return strings.Contains(said, token) || strings.ContainsAny(token, "\"\\") }) {
		return 0, nil
	}
	for mark := rune(0xF0000); mark <= 0xFFFFD; mark++ { // a plane for private use
		if !strings.ContainsRune(said, mark) {
			return mark, nil
		}
	}
	return 0, errors.New("the messages use every private character: none is left to mark tokens in them")
}

// marker puts the mark behind the first character of every guarded token.
func (l *Language) marker(mark rune) *strings.Replacer {
	var pairs []string
	for _, token := range l.guarded {
		_, n := utf8.DecodeRuneInString(token)
		pairs = append(pairs, token, token[:n]+string(mark)+token[n:])
	}
	return strings.NewReplacer(pairs...)
}

// marked replaces in all texts of a value.
func marked(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case py.List:
		out := make(py.List, len(v))
		for i := range v {
			out[i] = marked(v[i], r)
		}
		return out
	case *py.Dict:
		out := &py.Dict{}
		for i := range v.Len() {
			key, value := v.At(i)
			out.Set(key, marked(value, r))
		}
		return out
	}
	return v
}

// unmark takes the marks out again and remembers what they marked.
func (l *Language) unmark(r chat.Rendered, mark rune) Rendered {
	if mark == 0 || !strings.ContainsRune(r.Text, mark) {
		return Rendered{Rendered: r}
	}
	pieces := strings.Split(r.Text, string(mark))
	out := Rendered{Rendered: r}
	out.Text = strings.Join(pieces, "")
	at, size := 0, utf8.RuneLen(mark)
	ends := make([]int, 0, len(pieces)) // of the pieces, in the text without marks
	for _, p := range pieces {
		at += len(p)
		ends = append(ends, at)
	}
	for _, end := range ends[:len(ends)-1] {
		_, first := utf8.DecodeLastRuneInString(out.Text[:end])
		for _, token := range l.guarded {
			if strings.HasPrefix(out.Text[end-first:], token) {
				out.Plain = append(out.Plain, tokenizer.Range{Start: end - first, End: end - first + len(token)})
				break
			}
		}
	}
	clean := func(pos int) int { // a place of the marked text in the one without
		n := 0
		for n < len(ends)-1 && ends[n]+n*size < pos {
			n++
		}
		return pos - n*size
	}
	out.Spans = slices.Clone(r.Spans)
	for i, s := range r.Spans {
		out.Spans[i].Start, out.Spans[i].End = clean(s.Start), clean(s.End)
	}
	return out
}
