package pattern

import (
	"sync"
	"unicode/utf8"
)

// find is the first match at or after from.
func (p *program) find(s string, from int) (start, end int) {
	m := machines.Get().(*machine)
	defer machines.Put(m)
	for i := from; i <= len(s); {
		if i == len(s) || p.first.can[s[i]] {
			if end, ok := m.start(p, s, i); ok {
				return i, end
			}
		}
		_, w := utf8.DecodeRuneInString(s[i:])
		i += max(w, 1)
	}
	return -1, -1
}

// frame is a place to go back to: a branch not yet taken, or a loop that may give back a rune or take one more.
type frame struct {
	pc, pos  int
	low      int  // greedy loop: as far back as it may give
	left     int  // lazy loop: how many runes it may still take; < 0 = no limit
	loop     bool // of a loop at pc
	lazyLoop bool
}

// patience is after how many steps a run starts to remember where it has been: from then on no state is tried twice, so that
// no text takes more steps than program times text.
const patience = 2000

// run matches at s[i].
func (p *program) run(s string, i int) (end int, ok bool) {
	m := machines.Get().(*machine)
	defer machines.Put(m)
	return m.start(p, s, i)
}

var machines = sync.Pool{New: func() any { return new(machine) }}

func (m *machine) start(p *program, s string, i int) (end int, ok bool) {
	*m = machine{p: p, s: s, stack: m.stack[:0]}
	return m.run(i)
}

type machine struct {
	p     *program
	s     string
	stack []frame
	steps int
	seen  map[[2]int]bool
}

func (m *machine) run(pos int) (end int, ok bool) {
	pc := 0
	for {
		next, at, ok := m.step(pc, pos)
		if ok && next < 0 {
			return at, true
		}
		if !ok {
			if next, at, ok = m.back(); !ok {
				return 0, false
			}
		}
		pc, pos = next, at
	}
}

// again says whether a state has been tried before.
func (m *machine) again(pc, pos int) bool {
	if m.steps++; m.steps < patience {
		return false
	}
	if m.seen == nil {
		m.seen = map[[2]int]bool{}
	}
	key := [2]int{pc, pos}
	if m.seen[key] {
		return true
	}
	m.seen[key] = true
	return false
}

// step runs one instruction; next < 0 is a match.
func (m *machine) step(pc, pos int) (next, at int, ok bool) {
	in := &m.p.code[pc]
	switch in.op {
	case iMatch:
		return -1, pos, true
	case iSet:
		w := in.set.width(m.s, pos)
		return pc + 1, pos + w, w > 0
	case iJump:
		return in.x, pos, true
	case iSplit:
		if in.can != nil && pos < len(m.s) && !in.can.can[m.s[pos]] {
			return in.y, pos, true
		}
		if m.again(pc, pos) {
			return 0, 0, false
		}
		m.stack = append(m.stack, frame{pc: in.y, pos: pos})
		return in.x, pos, true
	case iLoop:
		if m.again(pc, pos) {
			return 0, 0, false
		}
		return m.loop(pc, pos, in)
	case iAssert:
		return pc + 1, pos, m.p.holds(in.assert, m.s, pos)
	case iAtomic:
		end, ok := in.sub.run(m.s, pos)
		return pc + 1, end, ok
	}
	return pc + 1, pos, m.look(in, pos) != in.negative
}

// loop takes runes of a set.
func (m *machine) loop(pc, pos int, in *inst) (next, at int, ok bool) {
	n := 0
	for ; n < in.min; n++ {
		w := in.set.width(m.s, pos)
		if w == 0 {
			return 0, 0, false
		}
		pos += w
	}
	left := -1
	if in.max >= 0 {
		left = in.max - n
	}
	if in.mode == lazy {
		m.stack = append(m.stack, frame{pc: pc, pos: pos, left: left, loop: true, lazyLoop: true})
		return pc + 1, pos, true
	}
	low := pos
	for ; left != 0; left-- {
		w := in.set.width(m.s, pos)
		if w == 0 {
			break
		}
		pos += w
	}
	if in.mode == greedy && pos > low {
		m.stack = append(m.stack, frame{pc: pc, pos: pos, low: low, loop: true})
	}
	return pc + 1, pos, true
}

// back takes up the last place to go back to.
func (m *machine) back() (pc, pos int, ok bool) {
	for len(m.stack) > 0 {
		f := &m.stack[len(m.stack)-1]
		switch {
		case !f.loop:
			m.stack = m.stack[:len(m.stack)-1]
			return f.pc, f.pos, true
		case f.lazyLoop:
			w := 0
			if f.left != 0 {
				w = m.p.code[f.pc].set.width(m.s, f.pos)
			}
			if w == 0 {
				m.stack = m.stack[:len(m.stack)-1]
				continue
			}
			f.pos += w
			f.left--
			return f.pc + 1, f.pos, true
		}
		_, w := utf8.DecodeLastRuneInString(m.s[:f.pos])
		f.pos -= w
		pc, pos = f.pc+1, f.pos
		if f.pos <= f.low {
			m.stack = m.stack[:len(m.stack)-1]
		}
		return pc, pos, true
	}
	return 0, 0, false
}

// look says whether the part looked for is there.
func (m *machine) look(in *inst, pos int) bool {
	if !in.behind {
		_, ok := in.sub.run(m.s, pos)
		return ok
	}
	start := pos
	for range in.width {
		_, w := utf8.DecodeLastRuneInString(m.s[:start])
		if w == 0 {
			return false
		}
		start -= w
	}
	end, ok := in.sub.run(m.s, start)
	return ok && end == pos
}
