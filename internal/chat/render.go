package chat

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"fettle/internal/jinja"
	"fettle/internal/jinja/py"
	"fettle/schemas"
)

// Mode says how a conversation ends.
type Mode string

// The modes.
const (
	Full       Mode = "full"     // as it stands
	Generation Mode = "gen"      // with the prompt for the assistant's next turn
	Continue   Mode = "continue" // cut behind the last message's content, to go on from there
)

// RenderOptions pin what a template sees beside the conversation.
type RenderOptions struct {
	Mode Mode           // "" = Full
	Vars map[string]any // variables of the template, such as enable_thinking
	Now  time.Time      // what strftime_now sees; zero = a template that asks fails
}

// Rendered is the text and what of it is trained.
type Rendered struct {
	Text  string
	Spans []Span // in order, not overlapping; only in mode Full
	// PrefixStable: before each turn of the assistant the text so far, with and without the turn, is a prefix of the whole.
	PrefixStable bool
	// Unstable says why training on this text shows the model other turns or contexts than it meets turn by turn; "" = it does
	// not. Expand the row or reject it with this reason. A row that merely ends in another token than its turns (PrefixStable
	// false) is no such row.
	Unstable string
	// Missing are the messages that should be trained but whose text was not found.
	Missing []int
}

// Span is a range of bytes [Start, End) that message number Message makes.
type Span struct {
	Start, End int
	Message    int // index into the conversation's messages; -1 = of no single one
}

var generationTag = regexp.MustCompile(`\{%-?\s*generation\s*-?%\}`)

// probeTime serves renderings whose text nobody keeps.
var probeTime = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Render renders a row. Spans are given for the assistant's messages whose LossWeight is not 0.
func (t *Template) Render(c schemas.Conversation, o RenderOptions) (Rendered, error) {
	in, err := FromConversation(c)
	if err != nil {
		return Rendered{}, err
	}
	lead := len(in.Messages) - len(c.Messages) // the system text kept apart
	trained := func(i int) bool { return i >= lead && c.Messages[i-lead].LossWeight != 0 }
	r, err := t.renderInput(t.Suit(in), trained, o)
	for i := range r.Spans {
		r.Spans[i].Message = max(r.Spans[i].Message-lead, -1)
	}
	for i := range r.Missing {
		r.Missing[i] -= lead
	}
	return r, err
}

// RenderInput renders messages of any shape that transformers takes; every turn of the assistant is trained.
func (t *Template) RenderInput(in Input, o RenderOptions) (Rendered, error) {
	if len(in.Messages) == 0 {
		return Rendered{}, errEmpty
	}
	return t.renderInput(in, func(int) bool { return true }, o)
}

func (t *Template) renderInput(in Input, trained func(int) bool, o RenderOptions) (Rendered, error) {
	mode := o.Mode
	if mode == "" {
		mode = Full
	}
	res, err := t.render(in, mode, o)
	if err != nil || mode != Full {
		return Rendered{Text: res.Text}, err
	}
	return t.spans(in, res, trained, o), nil
}

func (t *Template) render(in Input, mode Mode, o RenderOptions) (jinja.Result, error) {
	messages := make(py.List, len(in.Messages))
	for i, m := range in.Messages {
		messages[i] = normalise(m)
	}
	final, err := "", error(nil)
	if mode == Continue {
		if final, err = tag(messages); err != nil {
			return jinja.Result{}, err
		}
	}
	vars := py.Pairs("messages", messages, "tools", in.Tools, "documents", nil, "add_generation_prompt", mode == Generation)
	for name, text := range t.Special {
		vars.Set(name, text)
	}
	for name, v := range o.Vars {
		value, err := py.From(v)
		if err != nil {
			return jinja.Result{}, fmt.Errorf("template variable %s: %w", name, err)
		}
		vars.Set(name, value)
	}
	program := t.main
	if t.toolUse != nil && in.Tools != nil {
		program = t.toolUse
	}
	res, err := program.Render(vars, jinja.Options{Now: o.Now})
	if err == nil && mode == Continue {
		res.Text, err = cutAtTag(res.Text, final)
	}
	return res, err
}

// continueTag marks where the last message's content ends, as transformers does; its blank tells whether the template trims.
const continueTag = "CONTINUE_FINAL_MESSAGE_TAG "

var errEmpty = errors.New("the conversation has no message")

var errNoFinal = errors.New("continue: the last message has no text to go on from")

// tag appends the mark to the last message, in a copy, and returns its text.
func tag(messages py.List) (string, error) {
	if len(messages) == 0 {
		return "", errNoFinal
	}
	last := messages[len(messages)-1].(*py.Dict).Clone()
	messages[len(messages)-1] = last
	content, _ := last.Get("content")
	if parts, ok := content.(py.List); ok {
		return tagParts(last, parts)
	}
	text, ok := content.(string)
	if !ok {
		return "", errNoFinal
	}
	last.Set("content", text+continueTag)
	return text, nil
}

func tagParts(last *py.Dict, parts py.List) (string, error) {
	parts = append(py.List{}, parts...)
	for i := len(parts) - 1; i >= 0; i-- {
		part, ok := parts[i].(*py.Dict)
		if !ok {
			continue
		}
		if text, ok := part.Get("text"); ok {
			part = part.Clone()
			part.Set("text", py.Str(text)+continueTag)
			parts[i] = part
			last.Set("content", parts)
			return py.Str(text), nil
		}
	}
	return "", errNoFinal
}

func cutAtTag(text, final string) (string, error) {
	mark := strings.TrimSpace(continueTag)
	at := strings.LastIndex(text, mark)
	if at < 0 || !strings.Contains(text, py.Strip(final, nil, true, true)) {
		return "", errors.New("continue: the template does not print the last message as it stands")
	}
	if strings.HasPrefix(text[at:], continueTag) {
		return text[:at], nil
	}
	return py.Strip(text[:at], nil, false, true), nil
}
