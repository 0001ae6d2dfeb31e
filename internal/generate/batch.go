package generate

import (
	"context"
	"slices"
	"time"
)

// row is one prompt on its way.
type row struct {
	index    int
	tokens   []int32 // prompt and what was generated
	most     int     // new tokens
	sampling *Sampling
	out      *Output
}

// batch runs some rows to their ends.
type batch struct {
	*Generator
	rows  []*row // those still running
	fn    func(i int, token int32) bool
	state *state // the cache of the rows, more or fewer rows than run
	slots []int  // rows[i] is row slots[i] of the state
}

func (b *batch) run(ctx context.Context) error {
	all, began := b.rows, time.Now()
	next, err := b.prefill()
	if err != nil {
		return err
	}
	defer func() { b.state.free() }()
	prefill := time.Since(began)
	for b.accept(next); len(b.rows) > 0; b.accept(next) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if next, err = b.advance(); err != nil {
			return err
		}
	}
	decode := time.Since(began) - prefill
	for _, r := range all {
		r.out.Prefill, r.out.Decode = prefill/time.Duration(len(all)), decode/time.Duration(len(all))
	}
	return nil
}

// accept gives each running row its next token and drops the rows that end with it.
func (b *batch) accept(next []int32) {
	var rows []*row
	var slots []int
	for i, r := range b.rows {
		token := next[i]
		r.tokens = append(r.tokens, token)
		r.out.Tokens = append(r.out.Tokens, token)
		r.out.Stopped = slices.Contains(b.options.EOS, token)
		goOn := b.fn == nil || b.fn(r.index, token)
		if goOn && !r.out.Stopped && len(r.out.Tokens) < r.most {
			rows, slots = append(rows, r), append(slots, b.slots[i])
		}
	}
	b.rows, b.slots = rows, slots
}

// advance computes the running rows' next tokens.
func (b *batch) advance() ([]int32, error) {
	if b.longRope > 0 && len(b.rows[0].tokens) == b.longRope+1 {
		b.state.free() // the first position with longrope's long factors: they hold for the positions before it too
		return b.prefill()
	}
	if size := b.sizeOf(len(b.rows)); b.programs.shrinks(size, b.state.rows) {
		if err := b.programs.compact(b.state, pad(b.slots, size)); err != nil {
			return nil, err
		}
		for i := range b.slots {
			b.slots[i] = i
		}
	}
	tokens := make([]int32, b.state.rows)
	for i, r := range b.rows {
		tokens[b.slots[i]] = r.tokens[len(r.tokens)-1]
	}
	next, err := b.programs.step(b.state, tokens, b.samples())
	if err != nil {
		return nil, err
	}
	return b.choose(next), nil
}

// prefill runs the rows' tokens so far and leaves their cache in b.state.
func (b *batch) prefill() ([]int32, error) {
	size, seq := b.sizeOf(len(b.rows)), 0
	for _, r := range b.rows {
		seq = max(seq, len(r.tokens))
	}
	seq = b.programs.length(seq)
	tokens, start := make([]int32, size*seq), make([]int32, size)
	b.slots = make([]int, len(b.rows))
	for i := range size {
		r := b.rows[min(i, len(b.rows)-1)] // spare rows repeat the last one
		start[i] = int32(seq - len(r.tokens))
		copy(tokens[i*seq+int(start[i]):], r.tokens)
	}
	for i := range b.slots {
		b.slots[i] = i
	}
	state, next, err := b.programs.prefill(tokens, start, seq, b.samples())
	if err != nil {
		return nil, err
	}
	b.state = state
	return b.choose(next), nil
}

// sizeOf is how many rows are computed where n run.
func (b *batch) sizeOf(n int) int { return b.programs.sizes.rows(n, b.options.Batch) }

// samples reports whether any running row needs its scores and not just the best token.
func (b *batch) samples() bool {
	return slices.ContainsFunc(b.rows, func(r *row) bool { return r.sampling != nil })
}

// choose picks the running rows' next tokens.
func (b *batch) choose(next scores) []int32 {
	picked := make([]int32, len(b.rows))
	for i, r := range b.rows {
		slot := b.slots[i]
		picked[i] = next.best[slot]
		if r.sampling != nil {
			picked[i] = r.sampling.draw(next.logits[slot*b.vocab:(slot+1)*b.vocab], r.tokens)
		}
	}
	return picked
}

// pad repeats the last row to make size of them.
func pad(slots []int, size int) []int32 {
	out := make([]int32, size)
	for i := range out {
		out[i] = int32(slots[min(i, len(slots)-1)])
	}
	return out
}
