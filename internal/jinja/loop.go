package jinja

import (
	"fettle/internal/jinja/py"
	"fettle/internal/jinja/syntax"
)

// loop is the special variable of a for loop. Items are filtered as they are reached, as in Jinja2: the filter sees what the
// body did to a namespace before.
type loop struct {
	s     *state
	st    *syntax.For
	sc    *scope
	rest  []any // not yet filtered
	ready []any // filtered, not yet reached
	cur   any
	prev  any
	index int64 // of cur, from 0; -1 before the first
	depth int64
	last  any // of changed()
}

func (s *state) forStatement(st *syntax.For, sc *scope) {
	v := s.eval(st.Iter, sc)
	s.pos = st.Iter.At()
	s.runLoop(st, sc, py.Iterate(v), 0)
}

func (s *state) runLoop(st *syntax.For, sc *scope, items []any, depth int64) {
	l := &loop{s: s, st: st, sc: sc, rest: items, index: -1, depth: depth, last: py.Missing, cur: py.Missing}
	for l.fill(1) {
		s.step(st.Pos)
		l.prev, l.cur = l.cur, l.ready[0]
		l.ready = l.ready[1:]
		l.index++
		inner := &scope{outer: sc}
		s.assign(st.Target, l.cur, inner)
		inner.set("loop", l)
		if s.exec(st.Body, inner) == broke {
			break
		}
	}
	if l.index < 0 {
		s.exec(st.Else, &scope{outer: sc})
	}
}

// fill filters items until n are ready and reports whether there are.
func (l *loop) fill(n int) bool {
	for len(l.ready) < n && len(l.rest) > 0 {
		item := l.rest[0]
		l.rest = l.rest[1:]
		if l.passes(item) {
			l.ready = append(l.ready, item)
		}
	}
	return len(l.ready) >= n
}

func (l *loop) passes(item any) bool {
	if l.st.Test == nil {
		return true
	}
	l.s.step(l.st.Test.At())
	inner := &scope{outer: l.sc}
	l.s.assign(l.st.Target, item, inner)
	return py.Truth(l.s.eval(l.st.Test, inner))
}

// length filters all that is left.
func (l *loop) length() int64 {
	l.fill(len(l.ready) + len(l.rest))
	return l.index + 1 + int64(len(l.ready))
}

// TypeName is Jinja2's name of the class.
func (l *loop) TypeName() string { return "LoopContext" }

// Attr gives loop.index and its kin.
func (l *loop) Attr(name string) (any, bool) {
	switch name {
	case "index":
		return l.index + 1, true
	case "index0":
		return l.index, true
	case "revindex":
		return l.length() - l.index, true
	case "revindex0":
		return l.length() - l.index - 1, true
	case "first":
		return l.index == 0, true
	case "last":
		return !l.fill(1), true
	case "length":
		return l.length(), true
	case "depth":
		return l.depth + 1, true
	case "depth0":
		return l.depth, true
	case "previtem":
		if l.index == 0 {
			return &py.Undefined{Msg: "there is no previous item"}, true
		}
		return l.prev, true
	case "nextitem":
		if !l.fill(1) {
			return &py.Undefined{Msg: "there is no next item"}, true
		}
		return l.ready[0], true
	case "cycle":
		return &py.Func{Name: name, Do: l.cycle}, true
	case "changed":
		return &py.Func{Name: name, Do: l.changed}, true
	}
	return nil, false
}

func (l *loop) cycle(a py.Args) any {
	if len(a.Pos) == 0 {
		panic(py.Errorf("TypeError", "no items for cycling given"))
	}
	return a.Pos[l.index%int64(len(a.Pos))]
}

func (l *loop) changed(a py.Args) any {
	now := py.Tuple(a.Pos)
	if l.last != py.Missing && py.Equal(l.last, now) {
		return false
	}
	l.last = now
	return true
}

// Call is loop(children) of a recursive loop.
func (l *loop) Call(a py.Args) any {
	if !l.st.Recursive {
		panic(py.Errorf("TypeError", "The loop must have the 'recursive' marker to be called recursively."))
	}
	items := py.Iterate(a.Bind("loop", "iterable")[0])
	var text string
	l.s.nested(func() {
		text = l.s.capture(func() { l.s.runLoop(l.st, l.sc, items, l.depth+1) })
	})
	return text
}
