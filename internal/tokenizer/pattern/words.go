package pattern

import (
	"unicode/utf8"

	"fettle/internal/tokenizer/swar"
)

// Words cuts s into the matches of the pattern and what lies between them, and calls flush with the ends of the pieces, from
// left to right, as many at a time as ends has room for, until flush says that it wants no more. No piece is empty.
func (p *Pattern) Words(s string, ends []int, flush func(ends []int) bool) {
	c := cuts{ends: ends[:0], flush: flush}
	var done bool
	if p.words != nil {
		done = p.words(s, &c)
	} else {
		done = c.find(s, p.find)
	}
	if done && len(c.ends) > 0 {
		flush(c.ends)
	}
}

// OnlyForward says whether what a match is depends on nothing before it: then two cuttings of one text that have one place in
// common have all places after it in common.
func (p *Pattern) OnlyForward() bool { return p.words != nil }

// cuts collects the ends of pieces.
type cuts struct {
	ends  []int
	flush func(ends []int) bool
}

// add takes the end of a piece; false says that no more are wanted.
func (c *cuts) add(end int) bool {
	if c.ends = append(c.ends, end); len(c.ends) < cap(c.ends) {
		return true
	}
	more := c.flush(c.ends)
	c.ends = c.ends[:0]
	return more
}

// find cuts with any finder. As all that cut, it says whether it came to the end.
func (c *cuts) find(s string, find finder) bool {
	done := 0
	for at := 0; at <= len(s); {
		start, end := find(s, at)
		if start < 0 {
			break
		}
		if done < start && !c.add(start) {
			return false
		}
		if start < end && !c.add(end) {
			return false
		}
		done, at = end, end
		if start == end {
			_, w := utf8.DecodeRuneInString(s[end:])
			at += max(w, 1)
		}
	}
	return done >= len(s) || c.add(len(s))
}

// scan cuts with a scanner that matches at every place.
func (c *cuts) scan(s string, scan func(s string, i int) int) bool {
	for i := 0; i < len(s); {
		if i = scan(s, i); !c.add(i) {
			return false
		}
	}
	return true
}

// leads are the ASCII characters that may come right before the letters of a word and belong to it.
type leads [256]uint8

func leadOnly(c byte) *leads {
	l := new(leads)
	l[c] = 1
	return l
}

// leadBut are all but letters, numbers and those of without.
func (t *classes) leadBut(without string) *leads {
	l := new(leads)
	for c := range rune(utf8.RuneSelf) {
		l[c] = 1
		if t[c]&(letter|number) != 0 {
			l[c] = 0
		}
	}
	for _, c := range without {
		l[c] = 0
	}
	return l
}

// scanWords cuts with a scanner that matches at every place; words of ASCII letters, most of most texts, are cut without it.
// lead has those of a word, an apostrophe never: it may begin a contraction. more are the bits of what may follow the letters.
func (t *classes) scanWords(s string, c *cuts, lead *leads, more uint8, scan func(s string, i int) int) bool {
	ends := c.ends
	for i := 0; i < len(s); {
		from := i + int(lead[s[i]])
		n := 0
		if from+8 <= len(s) {
			n = swar.Before(swar.NotLetter(swar.Load(s, from)))
		}
		switch {
		case n == 0:
			i = scan(s, i)
		case n == 8 || s[from+n] >= utf8.RuneSelf: // the byte that ended the run is there
			i = t.run(s, from+n, more)
		default:
			i = from + n
		}
		if ends = append(ends, i); len(ends) == cap(ends) {
			if !c.flush(ends) {
				return false
			}
			ends = ends[:0]
		}
	}
	c.ends = ends
	return true
}
