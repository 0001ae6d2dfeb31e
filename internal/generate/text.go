package generate

import (
	"slices"
	"strings"
)

// Text turns the tokens of one row into text as they come: never a part of a character, nothing that could still become a stop
// string, and together what decoding them at once gives.
type Text struct {
	decode func(ids []int32) string
	stop   []string

	ids    []int32 // the newest tokens
	before string  // what those of them decode to whose text was taken
	held   string  // decoded, not yet given: it may be the beginning of a stop string
	size   int     // bytes decoded so far, those of held included
	done   bool
}

// NewText makes the text of a row. decode gives the text of ids; empty stop strings are left aside.
func NewText(decode func(ids []int32) string, stop []string) *Text {
	return &Text{decode: decode, stop: slices.DeleteFunc(slices.Clone(stop), func(s string) bool { return s == "" })}
}

// Size is how many bytes have been decoded: where the next token's text begins.
func (t *Text) Size() int { return t.size }

// Stopped says whether a stop string came; the text ends before it, Size is where.
func (t *Text) Stopped() bool { return t.done }

// Add takes a token and returns the text that is certain now.
func (t *Text) Add(id int32) string {
	if t.done {
		return ""
	}
	t.ids = append(t.ids, id)
	now := t.decode(t.ids)
	if strings.HasSuffix(now, "\ufffd") { // the bytes so far may be the beginning of a character
		return ""
	}
	return t.take(now)
}

// Flush returns the rest: nothing more comes.
func (t *Text) Flush() string {
	if t.done {
		return ""
	}
	out := t.take(t.decode(t.ids))
	if !t.done {
		out, t.held = out+t.held, ""
	}
	return out
}

// take adds what the tokens decode to behind what was known, and keeps a few of them: some decoders look back.
func (t *Text) take(now string) string {
	fresh, ok := strings.CutPrefix(now, t.before)
	if !ok { // a decoder that rewrites what came before: go on behind it
		fresh = now[min(len(t.before), len(now)):]
	}
	t.size += len(fresh)
	const context = 4
	t.before = now
	if len(t.ids) > 4*context {
		tail := slices.Clone(t.ids[len(t.ids)-context:])
		if text := t.decode(tail); !strings.Contains(text, "\ufffd") {
			t.ids, t.before = tail, text
		}
	}
	return t.release(t.held + fresh)
}

// release gives what cannot be part of a stop string.
func (t *Text) release(text string) string {
	at := -1
	for _, s := range t.stop {
		if i := strings.Index(text, s); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	if at >= 0 {
		t.size -= len(text) - at
		t.done, t.held = true, ""
		return text[:at]
	}
	keep := 0
	for _, s := range t.stop {
		for n := min(len(s)-1, len(text)); n > keep; n-- {
			if strings.HasSuffix(text, s[:n]) {
				keep = n
				break
			}
		}
	}
	t.held = text[len(text)-keep:]
	return text[:len(text)-keep]
}

// After lets the text go on from a prompt: a tokenizer that puts a space before the first word knows that it is not the first.
func (t *Text) After(prompt []int32) {
	tail := slices.Clone(prompt[max(0, len(prompt)-6):])
	if before := t.decode(tail); !strings.Contains(before, "\ufffd") {
		t.ids, t.before = tail, before
	}
}
