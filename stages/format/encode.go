package format

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"fettle/internal/chat"
	"fettle/internal/prompt"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// encoder turns conversations into tokens and labels, by the model's own template and tokenizer.
type encoder struct {
	language   *prompt.Language
	options    chat.RenderOptions
	special    []string // texts of the tokens that answers must not hold
	everything bool     // learn every token, not the assistant's alone
}

func newEncoder(dir string, s Settings) (*encoder, error) {
	t, err := chat.Load(dir)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	e := &encoder{language: prompt.New(t, tok), everything: s.Loss == "all"}
	if s.Date != "" {
		if e.options.Now, err = time.Parse(time.DateOnly, s.Date); err != nil {
			return nil, fmt.Errorf("date: %w", err)
		}
	}
	for _, added := range tok.Added() {
		if added.Special || slices.Contains(t.EndOfTurn, added.Content) {
			e.special = append(e.special, added.Content)
		}
	}
	return e, nil
}

// all encodes a window on some workers; the order is that of the conversations. A conversation may give several examples.
func (e *encoder) all(ctx context.Context, window []schemas.Conversation, workers int) ([][]example, error) {
	out := make([][]example, len(window))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(window) && ctx.Err() == nil; i += workers {
				var err error
				if out[i], err = e.one(window[i]); err != nil {
					errs[w] = fmt.Errorf("%s:%d: conversation %s: %w", window[i].File, window[i].Row, window[i].ID, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, errors.Join(errs...)
}

// one encodes a conversation. Where its template shows the model other contexts in the whole than turn by turn (a template
// that strips earlier reasoning, say), each trained turn becomes an example of its own.
func (e *encoder) one(c schemas.Conversation) ([]example, error) {
	r, err := e.language.RenderRow(c, e.options)
	if err != nil {
		return nil, err
	}
	if len(r.Missing) > 0 {
		return nil, fmt.Errorf("the template shows no text of message %d, which is to be trained", r.Missing[0]+1)
	}
	if r.Unstable == "" {
		return []example{e.example(c.ID, r)}, nil
	}
	var out []example
	for i, part := range chat.Expand(c) {
		r, err := e.language.RenderRow(part, e.options)
		if err != nil {
			return nil, err
		}
		if r.Unstable != "" || len(r.Missing) > 0 {
			return nil, fmt.Errorf("turn %d cannot be trained even alone: %s", i+1, r.Unstable)
		}
		out = append(out, e.example(fmt.Sprintf("%s.%d", c.ID, i), r))
	}
	return out, nil
}

// example gives a conversation's tokens their labels. What users and documents say is text: where it reads like a token of the
// template's, <tool_response> say, it is spelled in ordinary tokens.
func (e *encoder) example(id string, r prompt.Rendered) example {
	tokens := e.language.Tokenizer.EncodeOffsets(r.Text, tokenizer.Options{Plain: r.Plain})
	ex := example{id: id, ids: make([]int32, len(tokens)), labels: make([]int32, len(tokens))}
	span := 0
	for i, t := range tokens {
		ex.ids[i], ex.labels[i] = t.ID, schemas.Untrained
		// A token is learnt when it lies wholly inside a span: one that straddles its border belongs to the prompt too.
		for span < len(r.Spans) && r.Spans[span].End < t.End {
			span++
		}
		if e.everything || span < len(r.Spans) && r.Spans[span].Start <= t.Start {
			ex.labels[i] = t.ID
		}
	}
	if len(ex.labels) > 0 {
		ex.labels[0] = schemas.Untrained // nothing predicts the first token
	}
	return ex
}

// injected finds a special token of the model in what the assistant is to learn to say: it would end a turn that does not end.
// What others say is text, whatever it spells.
func (e *encoder) injected(c schemas.Conversation) string {
	for _, m := range c.Messages {
		if m.Role != "assistant" {
			continue
		}
		for _, special := range e.special {
			if strings.Contains(m.Content, special) || strings.Contains(m.Reasoning, special) {
				return special
			}
		}
	}
	return ""
}
