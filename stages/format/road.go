package format

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fettle/internal/stage"
	"fettle/schemas"
)

// road is one run of the stage: the rows go by several times, and what was made of each is remembered.
type road struct {
	job  *stage.Job[Settings]
	rows *rowSource
	enc  *encoder // nil: the rows are tokens already
	out  *writers

	vocab int // of the model, where the rows are tokens already

	languages map[string][]string // group -> languages of its rows in the trained splits
	used      map[string]bool     // row id -> something was written for it
	faults    map[string]*Bad     // row id -> why the shape cannot use it
	tooLong   map[string]int      // row id -> conversations longer than a block
	shortest  int                 // of those, in tokens
	untrained map[string]int      // row id -> conversations without a token that is learnt
	trained   []Fact
	held      []Fact
	fresh     []Fact
}

func (r *road) trains(rec *Record) bool {
	if r.out.holding {
		return contains(r.job.Settings.Held, rec.Split)
	}
	return len(r.job.Settings.Splits) == 0 || contains(r.job.Settings.Splits, rec.Split)
}

// survey learns what must be known over all rows before the first conversation: the languages of each group.
func (r *road) survey(ctx context.Context) error {
	r.faults, r.tooLong, r.untrained, r.languages = map[string]*Bad{}, map[string]int{}, map[string]int{}, map[string][]string{}
	exam := r.job.Settings.Exam
	if exam == nil {
		return nil
	}
	return r.rows.each(ctx, func(rec *Record) error {
		if !r.trains(rec) {
			return nil
		}
		facts, err := r.job.Settings.Shape.Value.(Examiner).Facts(rec)
		if err != nil || len(facts) == 0 {
			return nil // told when the row is converted
		}
		if group := facts[0].Group; !slices.Contains(r.languages[group], facts[0].Lang) {
			r.languages[group] = append(r.languages[group], facts[0].Lang)
		}
		return nil
	})
}

// train converts the rows of the trained splits for one pass and packs them window by window.
func (r *road) train(ctx context.Context, pass int) error {
	task := r.job.Progress.Task(fmt.Sprintf("pass %d", pass+1), 0, "conversations")
	defer task.Done()
	var window []schemas.Conversation
	var ready [][]example // of a shape that is tokenised already
	flush := func(n, units int) error {
		err := r.pack(ctx, pass, window[:n], ready[:units])
		task.Add(int64(n))
		window, ready = slices.Delete(window, 0, n), slices.Delete(ready, 0, units)
		return err
	}
	full, left := r.job.Settings.Pack.Window, r.left()
	err := r.rows.each(ctx, func(rec *Record) error {
		if !r.trains(rec) || r.isHeld(rec) {
			return nil
		}
		converted, err := r.convert(rec, pass)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", rec.File, rec.Row, err)
		}
		window = append(window, converted...)
		if t, ok := r.job.Settings.Shape.Value.(tokenised); ok && len(converted) > 0 {
			ex, err := t.encode(rec)
			if err != nil {
				return err
			}
			if at := ex.outside(r.vocab); at >= 0 {
				r.faults[rec.ID] = bad("bad_tokens", "token %d: the model's vocabulary has %d", ex.ids[at], r.vocab)
				window = window[:len(window)-len(converted)]
				return nil
			}
			ready = append(ready, []example{ex})
		}
		switch {
		case left == 0 && len(window) >= full:
			return flush(len(window), len(ready))
		case left > 0 && len(window) >= full+left:
			return flush(full, min(full, len(ready)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush(len(window), len(ready))
}

// left is how many conversations must stand behind a full window before it is packed: answers are passed on between two at least,
// and the last window must not be left with one.
func (r *road) left() int {
	if _, ok := r.job.Settings.Shape.Value.(rotated); ok {
		return 2
	}
	return 0
}

// hold converts the rows of the held splits, in the first pass's wording: train takes its loss on them.
func (r *road) hold(ctx context.Context) error {
	if len(r.job.Settings.Held) == 0 {
		return nil
	}
	r.out.holding = true
	defer func() { r.out.holding = false }()
	return r.train(ctx, 0)
}

// convert gives the conversations of a row, or remembers why it cannot be used: then none of them is.
func (r *road) convert(rec *Record, pass int) ([]schemas.Conversation, error) {
	var out []schemas.Conversation
	for c, err := range r.job.Settings.Shape.Value.Convert(rec, pass) {
		var b *Bad
		if errors.As(err, &b) {
			r.faults[rec.ID] = b
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if r.enc == nil {
			out = append(out, c)
			continue
		}
		if special := r.enc.injected(c); special != "" {
			r.faults[rec.ID] = bad("special_token", "the text holds %q, which is a special token of the model", special)
			return nil, nil
		}
		out = append(out, c)
	}
	return out, nil
}

// isHeld says whether a row is in the language that its group keeps for the questions.
func (r *road) isHeld(rec *Record) bool {
	exam := r.job.Settings.Exam
	if exam == nil {
		return false
	}
	facts, err := r.job.Settings.Shape.Value.(Examiner).Facts(rec)
	if err != nil || len(facts) == 0 {
		return false
	}
	held := exam.heldLanguage(facts[0].Group, r.languages[facts[0].Group])
	return held != "" && held == facts[0].Lang
}

func (r *road) pack(ctx context.Context, pass int, window []schemas.Conversation, ready [][]example) error {
	if len(window) == 0 {
		return nil
	}
	units, err := r.units(ctx, window, ready)
	if err != nil {
		return err
	}
	var fit []example
	for _, u := range units {
		kept, err := r.fits(u)
		if err != nil {
			return err
		}
		fit = append(fit, kept...)
	}
	if r.job.Settings.Pack.Alone {
		return r.out.alone(fit)
	}
	seed := fmt.Sprintf("%d/%d", r.job.Settings.Pack.Seed, pass)
	shuffle(fit, seed)
	blocks := pack(fit, r.job.Settings.Pack.Length)
	return r.out.blocks(blocks, seed)
}

// exam writes the knowledge base and the questions.
func (r *road) exam() error {
	e, s := r.job.Settings.Exam, r.job.Settings.Shape.Value.(Examiner)
	err := r.rows.each(context.Background(), func(rec *Record) error {
		facts, err := s.Facts(rec)
		var b *Bad
		if errors.As(err, &b) {
			if r.trains(rec) || contains(e.New, rec.Split) || contains(e.Library, rec.Split) {
				r.faults[rec.ID] = b
			}
			return nil
		}
		if err != nil || len(facts) == 0 {
			return err
		}
		asked := true
		switch {
		case r.trains(rec) && r.isHeld(rec):
			r.held = append(r.held, facts...)
		case r.trains(rec):
			r.trained = append(r.trained, facts...)
		case contains(e.New, rec.Split):
			r.fresh = append(r.fresh, facts...)
		default:
			asked = false
		}
		if asked && !e.known(facts[0].Group) || !asked && !contains(e.Library, rec.Split) {
			r.used[rec.ID] = r.used[rec.ID] || asked
			return nil
		}
		docs, err := s.Documents(rec)
		if err != nil {
			return err
		}
		r.used[rec.ID] = true
		return r.out.documents(docs)
	})
	if err != nil {
		return err
	}
	return r.out.questions(e.questions(s, r.trained, r.held, r.fresh))
}

// rowID is the id of the row that a conversation came from.
func rowID(c schemas.Conversation) string { return schemas.NewOrigin(c.Source, c.File, c.Row).ID }

// account gives every row its one fate.
func (r *road) account(ctx context.Context) error {
	return r.rows.each(ctx, func(rec *Record) error {
		if b := r.faults[rec.ID]; b != nil {
			return r.job.Reject(schemas.Reject{Origin: rec.Origin, Line: rec.Row, Reason: b.Reason, Detail: b.Detail})
		}
		if r.used[rec.ID] {
			r.job.Keep(1)
			return nil
		}
		reason, numbers := "not_selected", map[string]any{"split": rec.Split}
		if n := r.tooLong[rec.ID]; n > 0 {
			reason, numbers = "too_long", map[string]any{"conversations": n, "block": r.job.Settings.Pack.Length}
		} else if n := r.untrained[rec.ID]; n > 0 {
			reason, numbers = "nothing_trained", map[string]any{"conversations": n}
		}
		return r.job.Drop(schemas.Drop{Origin: rec.Origin, Operator: "format", Reason: reason, Numbers: stage.Numbers(numbers)})
	})
}

func (r *road) figures() {
	j, o := r.job, r.out
	j.Out(o.conversations)
	j.Figure("conversations", o.conversations)
	j.Figure("conversations_too_long", o.tooLong)
	j.Figure("conversations_untrained", o.untrained)
	if o.cut > 0 {
		j.Figure("conversations_cut", o.cut)
	}
	j.Figure("blocks", o.tokens.blocks)
	j.Figure("tokens", o.tokens.all)
	j.Figure("trained_tokens", o.tokens.trained)
	if o.tokens.blocks > 0 {
		j.Figure("packing_efficiency", float64(o.tokens.all)/float64(o.tokens.blocks*int64(j.Settings.Pack.Length)))
	}
	if o.held != nil {
		j.Figure("held_blocks", o.heldTokens.blocks)
		j.Figure("held_trained_tokens", o.heldTokens.trained)
	}
	if j.Settings.Exam != nil {
		j.Figure("documents", o.docs)
		j.Figure("questions", o.asked)
	}
}
