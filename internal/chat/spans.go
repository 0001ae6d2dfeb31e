package chat

import (
	"fmt"
	"strings"

	"fettle/internal/jinja"
	"fettle/internal/jinja/py"
)

// spans finds what is trained in a full rendering.
func (t *Template) spans(in Input, full jinja.Result, trained func(int) bool, o RenderOptions) Rendered {
	r := Rendered{Text: full.Text}
	w := walker{t: t, in: in, text: full.Text, o: o}
	for i, m := range in.Messages {
		span, found := w.turn(i, m)
		switch {
		case role(m) != "assistant" || !trained(i):
		case found:
			r.Spans = append(r.Spans, span)
		default:
			r.Missing = append(r.Missing, i)
		}
	}
	r.PrefixStable, r.Unstable = !w.broken, w.unstable
	if len(full.Generation) > 0 && !full.Unplaced {
		r.Spans, r.Missing = fromBlocks(full.Generation, in, r.Spans, trained), nil
	}
	return r
}

// fromBlocks numbers the {% generation %} blocks by the assistant's turns; where their count differs, by the span they meet.
func fromBlocks(blocks []jinja.Span, in Input, found []Span, trained func(int) bool) []Span {
	var turns []int
	for i, m := range in.Messages {
		if role(m) == "assistant" {
			turns = append(turns, i)
		}
	}
	var out []Span
	for n, b := range blocks {
		s := Span{b.Start, b.End, -1}
		if len(turns) == len(blocks) {
			s.Message = turns[n]
		} else {
			for _, f := range found {
				if f.Start < s.End && s.Start < f.End {
					s.Message = f.Message
					break
				}
			}
		}
		if s.Message < 0 || trained(s.Message) {
			out = append(out, s)
		}
	}
	return out
}

func role(m *py.Dict) string {
	v, _ := m.Get("role")
	text, _ := v.(string)
	return text
}

// walker goes through the messages in order.
type walker struct {
	t    *Template
	in   Input
	text string
	o    RenderOptions
	seen int // behind the last message found, the user's and tools' too
	done int // behind the last span

	broken   bool   // some prefix is none
	unstable string // why a turn trained here differs from the turn the model makes
}

// turn finds message i, moves on behind it, and returns its span if it is the assistant's.
func (w *walker) turn(i int, m *py.Dict) (Span, bool) {
	content := strings.TrimFunc(contentText(m), py.IsSpace)
	switch role(m) {
	case "assistant":
	case "system", "developer": // some templates move it to the last question
		return Span{}, false
	default:
		if n := strings.Index(w.text[w.seen:], content); n >= 0 {
			w.seen += n + len(content)
		}
		return Span{}, false
	}
	span, found := w.assistant(i, m, content)
	if found {
		w.done, w.seen = span.End, max(w.seen, span.End)
	}
	return span, found
}

func (w *walker) assistant(i int, m *py.Dict, content string) (Span, bool) {
	_, calls := m.Get("tool_calls")
	before, prompted := w.prefix(i, Generation)
	through, ended := w.prefix(i+1, Full)
	if prompted && ended && len(before) <= len(through) && strings.HasPrefix(w.text, before) && strings.HasPrefix(w.text, through) {
		return Span{len(before), w.prefixEnd(content, len(before), len(through), calls), i}, true
	}
	w.broken = true
	switch {
	case prompted && !strings.HasPrefix(w.text, before):
		w.blame("the prompt for message %d is no prefix of the whole conversation", i)
		prompted = false
	case prompted:
		end := len(before) + w.t.firstEnd(w.text[len(before):])
		if len(through) < end || through[:end] != w.text[:end] {
			w.blame("the template prints message %d otherwise once the conversation goes on", i)
		}
	}
	from := []int{w.seen, w.done}
	if prompted { // the turn begins no earlier: a short answer may occur in the headers before
		from = []int{max(len(before), w.done)}
	}
	span, found := w.search(i, content, from)
	if !found && prompted && len(before) >= w.done { // nothing to look for, but the turn's beginning is known
		if n := w.t.firstEnd(w.text[len(before):]); n > 0 {
			return Span{len(before), len(before) + n, i}, true
		}
	}
	return span, found
}

func (w *walker) blame(format string, i int) {
	if w.unstable == "" {
		w.unstable = fmt.Sprintf(format, i)
	}
}

// prefix renders the first n messages; the whole conversation needs no second rendering, and none has no prompt.
func (w *walker) prefix(n int, mode Mode) (string, bool) {
	if n == len(w.in.Messages) && mode == Full {
		return w.text, true
	}
	if n == 0 {
		return "", false
	}
	res, err := w.t.render(Input{w.in.Messages[:n], w.in.Tools}, mode, w.o)
	return res.Text, err == nil
}

// prefixEnd is the byte just behind the end-of-turn text that follows the content, the last one where the turn makes calls;
// without any, the turn's end.
func (w *walker) prefixEnd(content string, start, stop int, calls bool) int {
	turn := w.text[start:stop]
	if calls {
		if end := w.t.lastEnd(turn); end > 0 {
			return start + end
		}
		return stop
	}
	at, size := locate(turn, content)
	at = max(at, 0) + size
	if end := w.t.firstEnd(turn[at:]); end > 0 {
		return start + at + end
	}
	return stop
}

// search finds the content itself, from the first place where it succeeds: the template rewrote what stands around it.
func (w *walker) search(i int, content string, places []int) (Span, bool) {
	if content == "" {
		return Span{}, false
	}
	for _, from := range places {
		at, size := locate(w.text[from:], content)
		if at < 0 {
			continue
		}
		start := from + at
		end := start + size
		end += w.t.firstEnd(w.text[end:])
		return Span{start, end, i}, true
	}
	return Span{}, false
}

// locate finds the content, else the part of it behind </think>; -1 when neither is there.
func locate(text, content string) (at, size int) {
	if at := strings.Index(text, content); at >= 0 {
		return at, len(content)
	}
	if i := strings.LastIndex(content, "</think>"); i >= 0 {
		answer := strings.TrimFunc(content[i+len("</think>"):], py.IsSpace)
		if at := strings.Index(text, answer); at >= 0 && answer != "" {
			return at, len(answer)
		}
	}
	return -1, 0
}

// firstEnd is the end of the end-of-turn text that ends first, 0 = none.
func (t *Template) firstEnd(text string) int {
	best := 0
	for _, eot := range t.EndOfTurn {
		if i := strings.Index(text, eot); i >= 0 && (best == 0 || i+len(eot) < best) {
			best = i + len(eot)
		}
	}
	return best
}

func (t *Template) lastEnd(text string) int {
	best := 0
	for _, eot := range t.EndOfTurn {
		if i := strings.LastIndex(text, eot); i >= 0 {
			best = max(best, i+len(eot))
		}
	}
	return best
}

// contentText is the content as text: of parts, those that have text, in order.
func contentText(m *py.Dict) string {
	content, _ := m.Get("content")
	if text, ok := content.(string); ok {
		return text
	}
	var b strings.Builder
	parts, _ := content.(py.List)
	for _, part := range parts {
		if d, ok := part.(*py.Dict); ok {
			text, _ := d.Get("text")
			s, _ := text.(string)
			b.WriteString(s)
		}
	}
	return b.String()
}
