package format

import (
	"iter"
	"slices"

	"fettle/schemas"
)

func init() {
	register("token_kto", &TokenKTO{Tokens: Tokens{IDs: "input_ids", Labels: "labels"}, Label: "label", Rotate: 8})
}

// TokenKTO reads judged answers that are tokenised already: {input_ids, labels, label}, prompt and answer; a label of a token is
// the token itself in the answer and -100 in the prompt, label says whether the answer is desirable. Behind each stands the same
// prompt with the answer of another row, as the shape kto makes them.
type TokenKTO struct {
	Tokens
	Label  string `json:"label" jsonschema:"column that says whether the answer is desirable: true or false, 1 or 0"`
	Rotate int    `json:"rotate" check:"min=2" jsonschema:"rows whose answers are passed on to make mismatched ones (TRL: per_device_train_batch_size)"`
}

// columns implements columned.
func (t *TokenKTO) columns() (must, may []string) { return []string{t.IDs, t.Labels, t.Label}, nil }

// Convert implements Shape; the mismatched conversation comes when the rows stand side by side.
func (t *TokenKTO) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) {
		c := schemas.Conversation{Origin: r.Origin, Split: r.Split}
		side, err := (&KTO{Label: t.Label}).side(r.Value(t.Label))
		if err != nil {
			return c, err
		}
		_, err = t.encode(r)
		return onSide(c, side, nil, nil), err
	})
}

// encode implements tokenised.
func (t *TokenKTO) encode(r *Record) (example, error) {
	ex, err := t.Tokens.encode(r)
	if err == nil && ex.trained() == 0 {
		err = bad("empty_answer", "column %s: no label is a token", t.Labels)
	}
	if labels, _ := integers(r, t.Labels); err == nil && labels[0] != schemas.Untrained {
		err = bad("no_prompt", "column %s: the first label is a token already, want %d up to the answer", t.Labels, schemas.Untrained)
	}
	return ex, err
}

func (t *TokenKTO) rotation() int { return t.Rotate }

// mismatched joins every judged example with its prompt and the answer of another, as the conversations tell it.
func mismatched(ready [][]example, window []schemas.Conversation, group int) [][]example {
	out := make([][]example, len(ready))
	for i, other := range passed(len(ready), group) {
		judged, kl := window[2*i], window[2*i+1]
		e, from := ready[i][0], ready[other][0]
		prompt, answer := e.answer(), from.answer()
		wrong := example{id: kl.ID, ids: slices.Concat(e.ids[:prompt], from.ids[answer:]), labels: slices.Concat(e.labels[:prompt], from.labels[answer:])}
		e.id = judged.ID
		out[i] = []example{joined(e, wrong, judged.Side, kl.Side)}
	}
	return out
}

// answer is where an example's answer begins: at the first token that is learnt.
func (e example) answer() int {
	return slices.IndexFunc(e.labels, func(l int32) bool { return l != schemas.Untrained })
}
