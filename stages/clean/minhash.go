package clean

import (
	"context"
	"fmt"
	"os"
	"sync"

	"fettle/stages/clean/near"
	"fettle/stages/clean/units"
)

// Minhash drops near-duplicates: of every group of rows that are linked by a Jaccard similarity of at least the threshold
// the first is kept. Bands bring candidates together, an exact comparison decides: no row is dropped by a hash alone.
//
// Rows are written to the scratch folder in between, and so are their shingles. In memory it holds 16 bytes a band and row
// (20 bands: 320 bytes), whatever the length of the texts. Texts shorter than a shingle are never near anything.
type Minhash struct {
	Threshold float64 `json:"threshold" check:"above=0,max=1" jsonschema:"Jaccard similarity from which two rows are near-duplicates"`
	Words     int     `json:"words" check:"min=1" jsonschema:"words of a shingle"`
	Chars     int     `json:"chars" check:"min=1" jsonschema:"characters of a shingle, in scripts without spaces"`
	Bands     int     `json:"bands" check:"min=1,max=1024" jsonschema:"bands of the sketch: more find more candidates"`
	Rows      int     `json:"rows" check:"min=1,max=64" jsonschema:"places of a band: more let fewer dissimilar candidates through"`
	Seed      uint64  `json:"seed" jsonschema:"of the sketches"`
}

// 20 bands of 8 find a pair at Jaccard .8 with probability .976, at .9 with 1 - 4e-5, and let .023 of those at .5 through
// to the comparison.
func init() {
	register("minhash", &Minhash{Threshold: 0.8, Words: 5, Chars: 5, Bands: 20, Rows: 8, Seed: 1})
}

func (*Minhash) Reasons() []string { return []string{"near_duplicate"} }

// Pass reads all rows, groups them, and then yields them with their verdicts. Rows dropped before come out first.
func (m *Minhash) Pass(env Env, in Stream) Stream {
	sketched := parallel(env.Workers, in, func(d *Document) {
		if !d.dead() {
			d.shingles = m.Shingles(d.Text())
			d.bands = m.Sketch(d.shingles)
		}
	})
	return func(yield func(*Document, error) bool) {
		if err := m.pass(env, sketched, yield); err != nil && err != errStopped {
			yield(nil, fmt.Errorf("operator %s: %w", env.Name, err))
		}
	}
}

func (m *Minhash) pass(env Env, in Stream, yield func(*Document, error) bool) (err error) {
	rows, sets := newSpool(env), newShingleFile(env)
	defer os.RemoveAll(env.Scratch)
	defer rows.close()
	defer sets.close()
	var entries []near.Entry
	var ids []string
	for d, err := range in {
		switch {
		case err != nil:
			return err
		case d.dead():
			if !yield(d, nil) {
				return errStopped
			}
			continue
		}
		for _, band := range d.bands {
			entries = append(entries, near.Entry{Band: band, Text: int32(len(ids))})
		}
		ids = append(ids, d.ID)
		if err := sets.add(d.shingles); err != nil {
			return err
		}
		if err := rows.add(d); err != nil {
			return err
		}
	}
	groups := near.NewGroups(len(ids))
	if err := groups.Find(entries, m.compare(env, sets)); err != nil {
		return err
	}
	n := 0
	for d, err := range rows.all() {
		if err != nil {
			return err
		}
		link := groups.Of(n)
		d.judge(env.Name, func(*Document) Verdict { return m.verdict(n, link, ids) })
		n++
		if !yield(d, nil) {
			return errStopped
		}
	}
	return nil
}

func (m *Minhash) verdict(n int, link near.Link, ids []string) Verdict {
	if link.First == n {
		return Keep
	}
	return Drop("near_duplicate", "first", ids[link.First], "similar", ids[link.Similar], "jaccard", link.Jaccard, "threshold", m.Threshold)
}

// compare reads both sets back. a inter/union >= threshold is decided on the exact fraction.
func (m *Minhash) compare(env Env, sets *shingleFile) func(a, b int32) (float64, bool, error) {
	return func(a, b int32) (float64, bool, error) {
		if env.Context.Err() != nil {
			return 0, false, context.Cause(env.Context)
		}
		x, err := sets.get(a, 0)
		if err != nil {
			return 0, false, err
		}
		y, err := sets.get(b, 1)
		if err != nil {
			return 0, false, err
		}
		if short, long := float64(min(len(x), len(y))), float64(max(len(x), len(y))); short < m.Threshold*long-1e-9 {
			return 0, false, nil // even a subset would not do
		}
		inter, union := near.Jaccard(x, y)
		jaccard := float64(inter) / float64(union)
		return jaccard, jaccard >= m.Threshold, nil
	}
}

var unitsPool = sync.Pool{New: func() any { return new(units.Units) }}

// Shingles are the hashes that stand for a text.
func (m *Minhash) Shingles(text string) []uint64 {
	u := unitsPool.Get().(*units.Units)
	defer unitsPool.Put(u)
	n, kind := m.Words, units.KindOf(text)
	if kind == units.Chars {
		n = m.Chars
	}
	u.Cut(text, kind)
	return near.Shingles(u, n, make([]uint64, 0, max(0, u.Len()-n+1)))
}

// Sketch are the bands of a set of shingles, none for an empty set.
func (m *Minhash) Sketch(shingles []uint64) []uint64 {
	if len(shingles) == 0 {
		return nil
	}
	sketch := make([]uint64, m.Bands*m.Rows)
	near.Sketch(shingles, m.Seed, sketch)
	return near.Bands(sketch, m.Rows, make([]uint64, 0, m.Bands))
}
