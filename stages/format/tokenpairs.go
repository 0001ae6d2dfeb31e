package format

import (
	"iter"

	"fettle/schemas"
)

func init() {
	register("token_pairs", &TokenPairs{Chosen: "chosen_input_ids", ChosenLabels: "chosen_labels", Rejected: "rejected_input_ids", RejectedLabels: "rejected_labels"})
}

// TokenPairs reads pairs that are tokenised already: of each answer {input_ids, labels}, prompt and all; a label is the token
// itself in the answer and -100 elsewhere. It lets a preference run of another program be repeated to the token.
type TokenPairs struct {
	Chosen         string `json:"chosen_input_ids" jsonschema:"column of the chosen conversation's token ids"`
	ChosenLabels   string `json:"chosen_labels" jsonschema:"column of its labels"`
	Rejected       string `json:"rejected_input_ids" jsonschema:"column of the rejected conversation's token ids"`
	RejectedLabels string `json:"rejected_labels" jsonschema:"column of its labels"`
}

// columns implements columned.
func (t *TokenPairs) columns() (must, may []string) {
	return []string{t.Chosen, t.ChosenLabels, t.Rejected, t.RejectedLabels}, nil
}

// Passes implements Shape.
func (t *TokenPairs) Passes() int { return 1 }

// Convert implements Shape; the tokens themselves come from encode.
func (t *TokenPairs) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return func(yield func(schemas.Conversation, error) bool) {
		c := schemas.Conversation{Origin: r.Origin, Split: r.Split}
		if _, err := t.encode(r); err != nil {
			yield(c, err)
			return
		}
		_ = yield(onSide(c, schemas.Chosen, nil, nil), nil) && yield(onSide(c, schemas.Rejected, nil, nil), nil)
	}
}

// encode implements tokenised.
func (t *TokenPairs) encode(r *Record) (example, error) {
	var sides [2]example
	for i, s := range []Tokens{{IDs: t.Chosen, Labels: t.ChosenLabels}, {IDs: t.Rejected, Labels: t.RejectedLabels}} {
		ex, err := s.encode(r)
		if err != nil {
			return ex, err
		}
		if ex.trained() == 0 {
			return ex, bad("empty_answer", "column %s: no label is a token", s.Labels)
		}
		sides[i] = ex
	}
	sides[0].id, sides[1].id = shortHash(r.ID, schemas.Chosen), shortHash(r.ID, schemas.Rejected)
	return joined(sides[0], sides[1], schemas.Chosen, schemas.Rejected), nil
}
