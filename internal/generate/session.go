package generate

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// Session runs rows that come and go: a row joins while others are on their way, and leaves without disturbing them. Its
// tokens are those it would get alone (up to the order of float sums). A session serves one call at a time, and so do all
// sessions of one generator together. After an error its rows are gone.
type Session struct {
	g       *Generator
	limit   int
	joining int // rows whose prompts are being read in chunks
	state   *state
	start   []int32 // first slot of every row of the state
	rows    []*Row  // by row of the state; nil = free
}

// Row is a prompt on its way in a session.
type Row struct {
	Request
	Last   Token   // the newest token
	tokens []int32 // prompt and what was generated
}

// Session makes a session of at most `limit` rows. Some encodings choose their angles once a batch, by the longest row: there, a row
// runs alone.
func (g *Generator) Session(limit int) *Session {
	if g.alone {
		limit = 1
	}
	return &Session{g: g, limit: limit}
}

// Free is how many more rows may join.
func (s *Session) Free() int { return s.limit - s.Running() - s.joining }

// Running is how many rows are on their way.
func (s *Session) Running() (n int) {
	for _, r := range s.rows {
		if r != nil {
			n++
		}
	}
	return n
}

// Close drops all rows and frees their memory.
func (s *Session) Close() {
	s.state.free()
	s.state, s.start, s.rows = nil, nil, nil
}

// Join computes the prompts' first tokens and lets their rows go on with the others.
func (s *Session) Join(requests ...Request) ([]*Row, error) {
	if len(requests) > s.Free() {
		return nil, fmt.Errorf("session: %d rows want to join, %d places are free", len(requests), s.Free())
	}
	rows := make([]*Row, len(requests))
	for i, r := range requests {
		if err := s.g.check(r); err != nil {
			return nil, fmt.Errorf("session: prompt %d: %w", i, err)
		}
		rows[i] = &Row{Request: r, tokens: slices.Clone(r.Prompt)}
	}
	if err := s.join(rows); err != nil {
		s.Close()
		return nil, fmt.Errorf("session: %w", err)
	}
	return rows, nil
}

// Step gives every row its next token.
func (s *Session) Step() error {
	if s.Running() == 0 {
		return nil
	}
	if err := s.step(); err != nil {
		s.Close()
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// Leave ends a row.
func (s *Session) Leave(r *Row) {
	if i := slices.Index(s.rows, r); i >= 0 {
		s.rows[i] = nil
	}
}

func (s *Session) step() error {
	if r := s.rows[0]; s.g.longRope > 0 && len(r.tokens) == s.g.longRope+1 {
		s.Close() // the first position with longrope's long factors: they hold for the positions before it too
		return s.join([]*Row{r})
	}
	if s.g.programs.shrinks(s.sizeOf(s.Running()), s.state.rows) || s.state.filled == s.state.slots {
		if err := s.arrange(nil); err != nil {
			return err
		}
	}
	tokens := make([]int32, s.state.rows)
	for i, r := range s.rows {
		if r != nil {
			tokens[i] = r.Last.ID
		}
	}
	next, err := s.g.programs.step(s.state, tokens, wantScores(s.rows))
	if err != nil {
		return err
	}
	s.accept(s.rows, next)
	return nil
}

// sizeOf is how many rows are computed where n run.
func (s *Session) sizeOf(n int) int { return s.g.programs.sizes.rows(n, s.limit) }

// group is the state of some rows that have just been prefilled.
type group struct {
	state *state
	start []int32
	rows  []*Row // by row of the state; nil = free
}

// join prefills rows and lets them go on with those that run.
func (s *Session) join(rows []*Row) error {
	if s.Running() == 0 {
		s.Close()
	}
	size, seq := s.sizeOf(len(rows)), 0
	for _, r := range rows {
		seq = max(seq, len(r.tokens))
	}
	seq = s.g.programs.length(seq)
	tokens := make([]int32, size*seq)
	n := &group{start: make([]int32, size), rows: make([]*Row, size)}
	copy(n.rows, rows)
	for i := range size {
		r := rows[min(i, len(rows)-1)] // spare rows repeat the last one
		n.start[i] = int32(seq - len(r.tokens))
		copy(tokens[i*seq+int(n.start[i]):], r.tokens)
	}
	var next scores
	var err error
	if n.state, next, err = s.g.programs.prefill(tokens, slices.Clone(n.start), seq, wantScores(rows)); err != nil {
		return err
	}
	s.accept(n.rows, next)
	if s.state != nil {
		return s.arrange(n)
	}
	s.state, s.start, s.rows = n.state, n.start, n.rows
	return nil
}

// accept gives the rows of a state their next tokens.
func (s *Session) accept(rows []*Row, next scores) {
	vocab := s.g.vocab
	for i, r := range rows {
		if r == nil {
			continue
		}
		var logits []float32
		if next.logits != nil {
			logits = next.logits[i*vocab : (i+1)*vocab]
		}
		r.Last = r.next(next.best[i], logits)
		r.tokens = append(r.tokens, r.Last.ID)
	}
}

// next chooses a token: best is the most likely one, logits are there where the row wants them.
func (r *Row) next(best int32, logits []float32) Token {
	id := best
	if r.Sampling != nil {
		id = r.Sampling.draw(logits, r.tokens)
	}
	if !r.Logprobs {
		return Token{ID: id}
	}
	return rank(logits, id, r.Top)
}

// wantScores reports whether any row needs the scores of all tokens.
func wantScores(rows []*Row) bool {
	return slices.ContainsFunc(rows, func(r *Row) bool { return r != nil && (r.Sampling != nil || r.Logprobs) })
}

// arrange puts the running rows, and those of n where there are any, into a state without the slots and rows that nobody needs
// any longer and with room to go on. Rows are aligned at their newest token, so all of them write the same slot next.
func (s *Session) arrange(n *group) error {
	parts := []*group{{state: s.state, start: s.start, rows: s.rows}}
	if n != nil {
		parts = append(parts, n)
	}
	filled := 0
	for _, p := range parts {
		for i, r := range p.rows {
			if r != nil {
				filled = max(filled, p.state.filled-int(p.start[i]))
			}
		}
	}
	to := &group{state: &state{filled: filled, slots: s.g.programs.length(s.g.programs.slots(filled))}}
	var from []int32 // rows of all parts together
	base := 0
	for _, p := range parts {
		for i, r := range p.rows {
			if r != nil {
				from = append(from, int32(base+i))
				to.rows = append(to.rows, r)
				to.start = append(to.start, p.start[i]+int32(filled-p.state.filled))
			}
		}
		base += p.state.rows
	}
	to.state.rows = s.sizeOf(len(from))
	for len(from) < to.state.rows { // free rows: they see what they write themselves
		from, to.rows, to.start = append(from, from[0]), append(to.rows, nil), append(to.start, int32(filled))
	}
	to.state.start = tensors.FromFlatDataAndDimensions(slices.Clone(to.start), to.state.rows)
	if err := s.g.programs.arrange(parts, to.state, from); err != nil {
		return err
	}
	s.state, s.start, s.rows = to.state, to.start, to.rows
	return nil
}
