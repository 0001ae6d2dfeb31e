package clean

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/zeebo/xxh3"

	"fettle/internal/table"
	"fettle/schemas"
)

// Document is one row on its way through the operators.
type Document struct {
	schemas.Origin
	Texts []string // what is cleaned, in the order of the setting columns; change them by Rewrite

	row      table.Row
	layout   *Layout
	counts   *Counts
	operator string // that is at work, or that dropped the row
	verdict  Verdict
	rejected *schemas.Reject
	text     string
	joined   bool
	digest   xxh3.Uint128 // of exact, from its parallel part to its ordered one
	shingles []uint64     // of minhash, likewise
	bands    []uint64
}

// NewDocument is a row with the texts that the layout names.
func NewDocument(row table.Row, l *Layout, counts *Counts) (*Document, error) {
	d := &Document{row: row, layout: l, counts: counts}
	d.ID, _ = row[l.origin[0]].(string)
	d.Source, _ = row[l.origin[1]].(string)
	d.File, _ = row[l.origin[2]].(string)
	var ok bool
	if d.Row, ok = row[l.origin[3]].(int64); !ok {
		return nil, fmt.Errorf("row %q: column row is %T, want int64", d.ID, row[l.origin[3]])
	}
	l.visit(row, func(s string) string {
		d.Texts = append(d.Texts, s)
		return s
	})
	return d, nil
}

// Text is all texts, joined by line feeds: what operators judge.
func (d *Document) Text() string {
	if !d.joined {
		if len(d.Texts) == 1 {
			d.text = d.Texts[0]
		} else {
			d.text = strings.Join(d.Texts, "\n")
		}
		d.joined = true
	}
	return d.text
}

// Rewrite replaces every text by what edit makes of it, and counts the row if one changed.
func (d *Document) Rewrite(edit func(string) string) {
	changed := false
	for i, old := range d.Texts {
		if edited := edit(old); edited != old {
			d.Texts[i], changed = edited, true
		}
	}
	if changed {
		d.joined = false
		d.Count("rows_changed", 1)
	}
}

// Column is the value of a scalar column as text, with the changes so far; false for null.
func (d *Document) Column(name string) (string, bool) {
	at, ok := d.layout.at[name]
	if !ok {
		return "", false
	}
	if i, cleaned := d.layout.texts[name]; cleaned {
		if d.row[at] == nil {
			return "", false
		}
		return d.Texts[i+d.shift(name)], true
	}
	switch v := d.row[at].(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	default:
		return fmt.Sprint(v), true
	}
}

// shift is how far a scalar text lies from its place among the columns: the columns before it may hold none or several.
func (d *Document) shift(name string) int {
	n := 0
	for i, c := range d.layout.columns {
		if c.name == name {
			return n - i
		}
		c.visit(d.row[c.at], func(s string) string { n++; return s })
	}
	return 0
}

// Set fills a column that the layout has added.
func (d *Document) Set(column, value string) { d.row[d.layout.at[column]] = value }

// Count adds to a figure of the operator at work.
func (d *Document) Count(name string, n int64) {
	if d.counts != nil {
		d.counts.add(d.operator, name, n)
	}
}

// Values is the row with its texts as they are now.
func (d *Document) Values() table.Row {
	i := 0
	d.layout.visit(d.row, func(string) string {
		i++
		return d.Texts[i-1]
	})
	return d.row
}

// Dropped says which operator removed the row, "" if none did.
func (d *Document) Dropped() (operator string, v Verdict) {
	if d.verdict.Reason == "" {
		return "", Keep
	}
	return d.operator, d.verdict
}

func (d *Document) dead() bool { return d.verdict.Reason != "" || d.rejected != nil }

// judge sets the row's fate.
func (d *Document) judge(operator string, apply func(*Document) Verdict) {
	if d.dead() {
		return
	}
	d.operator = operator
	d.verdict = apply(d)
}

// Counts are figures per operator; sums, so that the order of the goroutines does not show.
type Counts struct {
	mu sync.Mutex
	by map[string]map[string]int64
}

func (c *Counts) add(operator, name string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]map[string]int64{}
	}
	if c.by[operator] == nil {
		c.by[operator] = map[string]int64{}
	}
	c.by[operator][name] += n
}

// Sums are the figures so far: operator -> name -> sum.
func (c *Counts) Sums() map[string]map[string]int64 { return c.by }
