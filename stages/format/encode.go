package format

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"fettle/internal/chat"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// encoder turns conversations into tokens and labels, by the model's own template and tokenizer.
type encoder struct {
	template   *chat.Template
	tokenizer  *tokenizer.Tokenizer
	everything bool // learn every token, not the assistant's alone
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
	return &encoder{template: t, tokenizer: tok, everything: s.Loss == "all"}, nil
}

// all encodes a window on some workers; the order is that of the conversations.
func (e *encoder) all(ctx context.Context, window []schemas.Conversation, workers int) ([]example, error) {
	out := make([]example, len(window))
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

func (e *encoder) one(c schemas.Conversation) (example, error) {
	rendered, err := e.template.Render(c, chat.RenderOptions{})
	if err != nil {
		return example{}, err
	}
	tokens := e.tokenizer.EncodeOffsets(rendered.Text, tokenizer.Options{})
	ex := example{id: c.ID, ids: make([]int32, len(tokens)), labels: make([]int32, len(tokens))}
	span := 0
	for i, t := range tokens {
		ex.ids[i], ex.labels[i] = t.ID, schemas.Untrained
		// A token is learnt when it lies wholly inside a span: one that straddles its border belongs to the prompt too.
		for span < len(rendered.Spans) && rendered.Spans[span].End < t.End {
			span++
		}
		if e.everything || span < len(rendered.Spans) && rendered.Spans[span].Start <= t.Start {
			ex.labels[i] = t.ID
		}
	}
	if len(ex.labels) > 0 {
		ex.labels[0] = schemas.Untrained // nothing predicts the first token
	}
	return ex, nil
}
