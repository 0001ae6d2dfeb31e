package format

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// nothing says why no token would be trained, by what became of the rows.
func (r *road) nothing(ctx context.Context) error {
	var splits, shapes []string
	rows, trained, first := 0, 0, ""
	err := r.rows.each(ctx, func(rec *Record) error {
		rows++
		if r.trains(rec) {
			trained++
		}
		if b := r.faults[rec.ID]; b != nil && first == "" {
			first = fmt.Sprintf("%s:%d: %s", rec.File, rec.Row, b.Detail)
		}
		if !slices.Contains(splits, rec.Split) {
			splits = append(splits, rec.Split)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(splits)
	if trained == 0 {
		return fmt.Errorf("no token would be trained: none of the %d rows is in a split that format.splits names (%s): they are in %s", rows, strings.Join(r.job.Settings.Splits, ", "), strings.Join(splits, ", "))
	}
	var why []string
	if n := len(r.faults); n > 0 {
		for _, b := range r.faults {
			if !slices.Contains(shapes, b.Reason) {
				shapes = append(shapes, b.Reason)
			}
		}
		slices.Sort(shapes)
		why = append(why, fmt.Sprintf("%d rows do not fit the shape (%s), the first at %s", n, strings.Join(shapes, ", "), first))
	}
	if n := r.out.tooLong; n > 0 {
		why = append(why, fmt.Sprintf("%d conversations are longer than pack.length %d, the shortest has %d tokens: raise it, or set pack.too_long: cut", n, r.job.Settings.Pack.Length, r.shortest))
	}
	if n := r.out.untrained; n > 0 {
		why = append(why, fmt.Sprintf("%d conversations hold no token that is learnt: either every answer has weight 0, or the chat template does not show them (fettle render shows what it makes)", n))
	}
	if len(why) == 0 {
		return errors.New("no token would be trained: the shape makes no conversation of any row")
	}
	return fmt.Errorf("no token would be trained: of %d rows, %s", trained, strings.Join(why, "; "))
}
