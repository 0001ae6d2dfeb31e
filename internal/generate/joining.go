package generate

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// Joining is a row whose prompt is read in chunks, so that the rows of its session can take their steps in between.
type Joining struct {
	session *Session
	row     *Row
	tokens  []int32 // the prompt, padded on the left to whole chunks
	start   int32   // of them are padding
	state   *state  // nil = no chunk is read yet
}

// Long says whether a prompt is worth reading in chunks. Some encodings choose their angles by the whole prompt: it is read at once.
func (s *Session) Long(r Request) bool {
	return len(r.Prompt) > s.g.options.Chunk && !s.g.alone
}

// Begin takes a place for a row whose prompt is read by Advance. The row's place is free again after Abandon.
func (s *Session) Begin(r Request) (*Joining, error) {
	if s.Free() < 1 {
		return nil, fmt.Errorf("session: no place is free")
	}
	if err := s.g.check(r); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	chunk := s.g.options.Chunk
	seq := (len(r.Prompt) + chunk - 1) / chunk * chunk
	j := &Joining{session: s, row: &Row{Request: r, tokens: slices.Clone(r.Prompt)}, tokens: make([]int32, seq), start: int32(seq - len(r.Prompt))}
	copy(j.tokens[j.start:], r.Prompt)
	s.joining++
	return j, nil
}

// Advance reads the next chunk. After the last it returns the row, with its first token: it goes on with the session's others.
func (j *Joining) Advance() (*Row, error) {
	row, err := j.advance()
	if err != nil {
		j.Abandon()
		return nil, fmt.Errorf("session: %w", err)
	}
	return row, nil
}

func (j *Joining) advance() (*Row, error) {
	s, chunk := j.session, j.session.g.options.Chunk
	at := 0
	if j.state != nil {
		at = j.state.filled
	}
	last := at+chunk == len(j.tokens)
	all := last && wantScores([]*Row{j.row})
	var next scores
	var err error
	if j.state == nil {
		j.state, next, err = s.g.programs.prefill(j.tokens[:chunk], []int32{j.start}, chunk, all)
		if err == nil && !last {
			err = s.g.programs.extendTo(j.state, s.g.programs.slots(len(j.tokens)))
		}
	} else {
		next, err = s.g.programs.extend(j.state, j.tokens[at:at+chunk], all)
	}
	if err != nil || !last {
		return nil, err
	}
	if s.Running() == 0 {
		s.Close()
	}
	n := &group{state: j.state, start: []int32{j.start}, rows: []*Row{j.row}}
	j.state = nil
	s.joining--
	s.accept(n.rows, next)
	if s.state == nil {
		s.state, s.start, s.rows = n.state, n.start, n.rows
	} else if err := s.arrange(n); err != nil {
		s.Close()
		return nil, fmt.Errorf("session: %w", err)
	}
	return j.row, nil
}

// Abandon gives the row up before it has joined.
func (j *Joining) Abandon() {
	if j.session == nil {
		return
	}
	j.session.joining--
	j.state.free()
	j.state, j.session = nil, nil
}

func (p *programs) buildExtend(all bool) func(in []*graph.Node) []*graph.Node {
	return func(in []*graph.Node) []*graph.Node {
		s, in := p.scope(in)
		hidden, cache := p.model.Extend(s, in[0], in[1], in[2], in[3:])
		return append(p.score(s, hidden, all), cache...)
	}
}

// extend runs the next tokens of every row of the state: [rows·n].
func (p *programs) extend(st *state, tokens []int32, all bool) (scores, error) {
	p.compiling("read on %dx%d, %d slots", st.rows, len(tokens)/st.rows, st.slots)
	return p.onward(p.extendExec[index(all)], st, tokens, all)
}

// buildExtendTo takes int32 [slots], of which only the length counts, and a cache; it gives the cache with so many slots.
func buildExtendTo(in []*graph.Node) []*graph.Node {
	slots := in[0].Shape().Dim(0)
	out := make([]*graph.Node, len(in)-1)
	for i, x := range in[1:] {
		out[i] = model.Grow(x, slots)
	}
	return out
}

// extendTo makes room for `slots` positions.
func (p *programs) extendTo(st *state, slots int) error {
	if slots <= st.slots {
		return nil
	}
	in := append([]any{tensors.FromFlatDataAndDimensions(make([]int32, slots), slots)}, anys(st.cache)...)
	out, err := p.extendToExec.Call(in...)
	if err != nil {
		return fmt.Errorf("make room in the cache: %w", err)
	}
	st.freeCache()
	st.cache, st.slots = out, slots
	return nil
}
