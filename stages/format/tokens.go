package format

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"

	"fettle/schemas"
)

func init() { register("tokens", &Tokens{IDs: "input_ids", Labels: "labels"}) }

// Tokens reads rows that are tokenised already: {input_ids, labels}, as transformers' data collators take them. A label is
// the token itself where it is learnt and -100 elsewhere. It lets a run of another program be repeated to the token.
type Tokens struct {
	IDs    string `json:"input_ids" jsonschema:"column of the token ids"`
	Labels string `json:"labels" jsonschema:"column of the labels; where the table has none, every token is learnt"`
}

// columns implements columned.
func (t *Tokens) columns() (must, may []string) { return []string{t.IDs}, []string{t.Labels} }

// Passes implements Shape.
func (t *Tokens) Passes() int { return 1 }

// Convert implements Shape; the tokens themselves come from encode.
func (t *Tokens) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) {
		_, err := t.encode(r)
		return schemas.Conversation{Origin: r.Origin, Split: r.Split}, err
	})
}

// encode implements tokenised.
func (t *Tokens) encode(r *Record) (example, error) {
	ex := example{id: r.ID}
	var err error
	if ex.ids, err = integers(r, t.IDs); err != nil {
		return ex, err
	}
	ex.labels = append([]int32(nil), ex.ids...)
	if r.Has(t.Labels) {
		if ex.labels, err = integers(r, t.Labels); err != nil {
			return ex, err
		}
	}
	if len(ex.ids) == 0 {
		return ex, bad("no_tokens", "column %s is empty", t.IDs)
	}
	if len(ex.labels) != len(ex.ids) {
		return ex, bad("bad_labels", "%d labels for %d tokens", len(ex.labels), len(ex.ids))
	}
	for i, l := range ex.labels {
		if l != schemas.Untrained && l != ex.ids[i] {
			return ex, bad("bad_labels", "label %d is %d: want the token itself, %d, or %d", i, l, ex.ids[i], schemas.Untrained)
		}
	}
	ex.labels[0] = schemas.Untrained // nothing predicts the first token
	return ex, nil
}

// integers reads a list of token ids. One row of another kind makes a column text, or its numbers fractions, in every row of its
// file: what is a list of integers all the same is read as one, so that only that row is rejected.
func integers(r *Record, column string) ([]int32, error) {
	v := r.Value(column)
	if text, ok := v.(string); ok {
		var items []json.Number
		if json.Unmarshal([]byte(text), &items) != nil {
			return nil, bad("bad_tokens", "column %s is no list of integers", column)
		}
		out := make([]any, len(items))
		for i, n := range items {
			out[i] = string(n)
		}
		v = out
	}
	items, ok := v.([]any)
	if !ok {
		return nil, bad("bad_tokens", "column %s is no list of integers", column)
	}
	out := make([]int32, len(items))
	for i, v := range items {
		if out[i], ok = integer(v); !ok {
			return nil, bad("bad_tokens", "column %s, entry %d: %v is no token id", column, i, v)
		}
	}
	return out, nil
}

func integer(v any) (int32, bool) {
	switch v := v.(type) {
	case int64:
		return int32(v), int64(int32(v)) == v
	case float64:
		return int32(v), float64(int32(v)) == v
	case string:
		n, err := strconv.ParseInt(v, 10, 32)
		return int32(n), err == nil
	}
	return 0, false
}

// outside is the place of the first token that a vocabulary of so many does not have, or -1.
func (e example) outside(vocab int) int {
	return slices.IndexFunc(e.ids, func(id int32) bool { return id < 0 || int(id) >= vocab })
}
