package format

import (
	"context"
	"fmt"
	"slices"

	"fettle/schemas"
)

// unit is what is kept or dropped as a whole: a conversation with its examples, or two that stay in one block.
type unit struct {
	conversations []schemas.Conversation
	examples      []example
}

func (u unit) row() string { return rowID(u.conversations[0]) }

// joined lays two examples end to end, as one that is not to be parted.
func joined(a, b example, sideA, sideB string) example {
	n := int32(len(a.ids))
	return example{id: a.id, ids: slices.Concat(a.ids, b.ids), labels: slices.Concat(a.labels, b.labels), parts: []schemas.Segment{
		{ID: a.id, Start: 0, End: n, Side: sideA},
		{ID: b.id, Start: n, End: n + int32(len(b.ids)), Side: sideB},
	}}
}

// units encodes a window of conversations. Those of preference data are taken by twos; ready are the examples of a shape that
// is tokenised already, one for each unit.
func (r *road) units(ctx context.Context, window []schemas.Conversation, ready [][]example) ([]unit, error) {
	var err error
	if s, ok := r.job.Settings.Shape.Value.(rotated); ok {
		if window, err = mismatch(window, s.rotation()); err != nil {
			return nil, err
		}
		if len(ready) > 0 {
			ready = mismatched(ready, window, s.rotation())
		}
	}
	size := 1
	if window[0].Side != "" {
		size = 2
	}
	examples := ready
	if len(ready) == 0 {
		if examples, err = r.enc.all(ctx, window, r.job.Workers); err != nil {
			return nil, err
		}
	}
	var units []unit
	for i := 0; i+size <= len(window); i += size {
		u := unit{conversations: window[i : i+size]}
		switch {
		case len(ready) > 0:
			u.examples = ready[i/size]
		case size == 1:
			u.examples = examples[i]
		default:
			if u.examples, err = pair(u.conversations, examples[i], examples[i+1]); err != nil {
				r.faults[u.row()] = err.(*Bad)
				continue
			}
		}
		units = append(units, u)
	}
	return units, nil
}

// pair joins the examples of two conversations. A template that shows earlier turns in another way than they were said makes
// several of one: they could not stand in one block.
func pair(c []schemas.Conversation, a, b []example) ([]example, error) {
	if len(a) != 1 || len(b) != 1 {
		return nil, bad("unstable_turns", "the template shows an answer of several turns in another way than turn by turn")
	}
	if slices.Equal(a[0].ids, b[0].ids) && c[1].Side == schemas.Rejected {
		return nil, bad("equal_answers", "as tokens both answers are the same")
	}
	return []example{joined(a[0], b[0], c[0].Side, c[1].Side)}, nil
}

// cut shortens an example to a block, each of its parts at the end. Of a pair the longer answer gives first.
func (e example) cut(length int) example {
	if len(e.parts) == 0 {
		return example{id: e.id, ids: e.ids[:length], labels: e.labels[:length]}
	}
	a, b := e.parts[0], e.parts[1]
	first := min(int(a.End-a.Start), max(length/2, length-int(b.End-b.Start)))
	second := min(int(b.End-b.Start), length-first)
	part := func(s schemas.Segment, n int) example {
		return example{id: s.ID, ids: e.ids[s.Start:][:n], labels: e.labels[s.Start:][:n]}
	}
	return joined(part(a, first), part(b, second), a.Side, b.Side)
}

// fits keeps the examples of a unit that a block can hold, and writes its conversations if any is kept.
func (r *road) fits(u unit) ([]example, error) {
	var fit []example
	p := r.job.Settings.Pack
	for _, e := range u.examples {
		if len(e.ids) > p.Length && p.TooLong == "fail" {
			c := u.conversations[0]
			return nil, fmt.Errorf("%s:%d: conversation %s has %d tokens, a block %d (pack.too_long: fail)", c.File, c.Row, c.ID, len(e.ids), p.Length)
		}
		if len(e.ids) > p.Length && p.TooLong == "cut" {
			e = e.cut(p.Length)
			r.out.cut++
		}
		switch {
		case len(e.ids) > p.Length:
			r.tooLong[u.row()]++
			if r.shortest == 0 || len(e.ids) < r.shortest {
				r.shortest = len(e.ids)
			}
			r.out.tooLong++
		case !e.learns() && (!p.Alone || len(e.parts) > 0): // alone: another program's run is repeated, with its empty rows
			r.untrained[u.row()]++
			r.out.untrained++
		default:
			fit = append(fit, e)
		}
	}
	if len(fit) == 0 {
		return nil, nil
	}
	r.used[u.row()] = true
	for _, c := range u.conversations {
		if err := r.out.conversation(c); err != nil {
			return nil, err
		}
	}
	return fit, nil
}
