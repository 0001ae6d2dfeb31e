package pattern

import (
	"errors"
	"unicode/utf8"
)

// A program is a regular expression made ready to run.
type program struct {
	code  []inst
	first firstBytes
	word  func(rune) bool
}

type inst struct {
	op       instOp
	set      *set
	x, y     int         // split: where to go first, and then
	can      *firstBytes // split: what x can start with; nil = anything
	min, max int         // loop
	mode     repeatMode

	sub              *program // look, atomic
	behind, negative bool
	width            int // of a look behind, in runes
	assert           assertion
}

type instOp int

const (
	iMatch  instOp = iota
	iSet           // one rune of a set
	iLoop          // runes of a set, min to max
	iSplit         // x, and if that fails y
	iJump          // x
	iLook          // sub matches here, or does not
	iAtomic        // sub, of which the first match counts
	iAssert
)

// maxCode bounds the size of a program; counted parts are written out.
const maxCode = 100_000

// compile makes a program of a regular expression.
func compile(expr string, syntax Syntax) (*program, error) {
	n, err := parse(expr, syntax)
	if err != nil {
		return nil, err
	}
	return newProgram(n, loneWord(syntax))
}

func newProgram(n node, word func(rune) bool) (*program, error) {
	p := &program{word: word}
	if err := p.emit(n); err != nil {
		return nil, err
	}
	p.code = append(p.code, inst{op: iMatch})
	p.first.of(n)
	return p, nil
}

func (p *program) add(i inst) int {
	p.code = append(p.code, i)
	return len(p.code) - 1
}

func (p *program) emit(n node) error {
	if len(p.code) > maxCode {
		return errors.New("it is too large")
	}
	switch n.op {
	case opSet:
		p.add(inst{op: iSet, set: n.set})
	case opAssert:
		p.add(inst{op: iAssert, assert: n.assert})
	case opConcat:
		for _, sub := range n.subs {
			if err := p.emit(sub); err != nil {
				return err
			}
		}
	case opAlternate:
		return p.alternate(n.subs)
	case opRepeat:
		return p.repeat(n)
	case opAtomic:
		sub, err := newProgram(n.subs[0], p.word)
		p.add(inst{op: iAtomic, sub: sub})
		return err
	case opLook:
		return p.look(n)
	}
	return nil
}

func (p *program) alternate(subs []node) error {
	var ends []int
	for i, sub := range subs {
		split := -1
		if i < len(subs)-1 {
			split = p.add(inst{op: iSplit, x: len(p.code) + 1, can: new(firstBytes)})
			p.code[split].can.of(sub)
		}
		if err := p.emit(sub); err != nil {
			return err
		}
		if split >= 0 {
			ends = append(ends, p.add(inst{op: iJump}))
			p.code[split].y = len(p.code)
		}
	}
	for _, end := range ends {
		p.code[end].x = len(p.code)
	}
	return nil
}

func (p *program) repeat(n node) error {
	sub := n.subs[0]
	if sub.op == opSet {
		p.add(inst{op: iLoop, set: sub.set, min: n.min, max: n.max, mode: n.mode})
		return nil
	}
	if n.mode == possessive {
		n.mode = greedy
		return p.emit(node{op: opAtomic, subs: []node{n}})
	}
	for range n.min {
		if err := p.emit(sub); err != nil {
			return err
		}
	}
	if n.max < 0 {
		split := p.add(inst{op: iSplit})
		if err := p.emit(sub); err != nil {
			return err
		}
		p.add(inst{op: iJump, x: split})
		p.branch(split, n.mode, len(p.code))
		return nil
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, p.add(inst{op: iSplit}))
		if err := p.emit(sub); err != nil {
			return err
		}
	}
	for _, split := range splits {
		p.branch(split, n.mode, len(p.code))
	}
	return nil
}

// branch makes a split choose between what follows it and the end.
func (p *program) branch(split int, mode repeatMode, end int) {
	p.code[split].x, p.code[split].y = split+1, end
	if mode == lazy {
		p.code[split].x, p.code[split].y = end, split+1
	}
}

// look emits a look around. What is looked for behind must have one width, or be alternatives that have one each.
func (p *program) look(n node) error {
	sub := n.subs[0]
	if !n.behind {
		prog, err := newProgram(sub, p.word)
		p.add(inst{op: iLook, sub: prog, negative: n.negative})
		return err
	}
	branches := []node{sub}
	if sub.op == opAlternate {
		branches = sub.subs
	}
	var looks []node
	for _, b := range branches {
		if _, ok := b.width(); !ok {
			return errors.New("a look behind of no fixed width is not supported")
		}
		looks = append(looks, node{op: opLook, subs: []node{b}, behind: true, negative: n.negative})
	}
	if len(looks) > 1 && !n.negative {
		return p.emit(node{op: opAlternate, subs: looks})
	}
	for _, l := range looks {
		prog, err := newProgram(l.subs[0], p.word)
		if err != nil {
			return err
		}
		width, _ := l.subs[0].width()
		p.add(inst{op: iLook, sub: prog, behind: true, negative: n.negative, width: width})
	}
	return nil
}

// width is the number of runes that a part matches, if it is always the same.
func (n node) width() (int, bool) {
	switch n.op {
	case opSet:
		return 1, true
	case opConcat:
		sum := 0
		for _, sub := range n.subs {
			w, ok := sub.width()
			if !ok {
				return 0, false
			}
			sum += w
		}
		return sum, true
	case opAlternate:
		first, ok := n.subs[0].width()
		for _, sub := range n.subs[1:] {
			w, same := sub.width()
			ok = ok && same && w == first
		}
		return first, ok
	case opRepeat:
		w, ok := n.subs[0].width()
		return w * n.min, ok && n.min == n.max
	case opAtomic:
		return n.subs[0].width()
	}
	return 0, true
}

// firstBytes are the bytes that a match can start with; all of them where it may be empty.
type firstBytes struct {
	can [256]bool
}

// of adds the first bytes of a part; empty says that it may match nothing, so that what follows counts as well.
func (f *firstBytes) of(n node) {
	if f.add(n) {
		for b := range f.can {
			f.can[b] = true
		}
	}
}

func (f *firstBytes) add(n node) (empty bool) {
	switch n.op {
	case opSet:
		for b, has := range n.set.ascii {
			f.can[b] = f.can[b] || has
		}
		for b := utf8.RuneSelf; b < len(f.can); b++ {
			f.can[b] = true
		}
		return false
	case opConcat:
		for _, sub := range n.subs {
			if !f.add(sub) {
				return false
			}
		}
		return true
	case opAlternate:
		for _, sub := range n.subs {
			empty = f.add(sub) || empty
		}
		return empty
	case opRepeat:
		return f.add(n.subs[0]) || n.min == 0
	case opAtomic:
		return f.add(n.subs[0])
	}
	return true
}

// holds says whether an assertion holds at s[i].
func (p *program) holds(a assertion, s string, i int) bool {
	switch a {
	case textStart:
		return i == 0
	case textEnd:
		return i == len(s)
	case textEndLine:
		return i == len(s) || s[i:] == "\n"
	case lineStart:
		return i == 0 || s[i-1] == '\n' && i < len(s)
	case lineEnd:
		return i == len(s) || s[i] == '\n'
	}
	before, w := utf8.DecodeLastRuneInString(s[:i])
	after, v := utf8.DecodeRuneInString(s[i:])
	edge := (w > 0 && p.word(before)) != (v > 0 && p.word(after))
	return edge == (a == wordEdge)
}
