package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

const (
	scoreTokens = 4096    // at most so many positions, padding included, are computed at once (one row may have more)
	scoreLogits = 1 << 22 // and so many logits lie on the host
)

// Logits runs rows without a cache and shows fn the scores of each position's next token, row by row in the order of positions;
// the slice is fn's until it returns.
func (g *Generator) Logits(ctx context.Context, rows [][]int32, fn func(row, position int, logits []float32) error) error {
	for i, r := range rows {
		if err := g.check(Request{Prompt: r}); err != nil {
			return fmt.Errorf("logits: row %d: %w", i, err)
		}
	}
	for _, batch := range g.Batches(rows) {
		if err := g.logits(ctx, rows, batch, fn); err != nil {
			return fmt.Errorf("logits: %w", err)
		}
	}
	return nil
}

// Batches are the rows (by number, shortest first) that are scored together; whoever has something else to do scores them batch
// by batch.
func (g *Generator) Batches(rows [][]int32) (batches [][]int) {
	order := make([]int, len(rows))
	for i := range rows {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(rows[a]) - len(rows[b]) })
	for len(order) > 0 {
		n := 1
		for n < len(order) && g.together(rows, order[:n+1]) {
			n++
		}
		batches, order = append(batches, order[:n]), order[n:]
	}
	return batches
}

// together: some encodings choose their angles by the longest row of a batch, padding included.
func (g *Generator) together(rows [][]int32, order []int) bool {
	first, last := len(rows[order[0]]), len(rows[order[len(order)-1]])
	if g.alone {
		return false
	}
	z := g.programs.sizes
	return z.length(first) == z.length(last) && z.up(len(order))*z.length(last) <= scoreTokens
}

// Score gives every token of the rows its log-probability given those before it, and the `top` most likely tokens at its
// place. The first token of a row has none: its Token holds the id alone.
func (g *Generator) Score(ctx context.Context, rows [][]int32, top int) ([][]Token, error) {
	out := make([][]Token, len(rows))
	for i, r := range rows {
		out[i] = make([]Token, len(r))
		if len(r) > 0 {
			out[i][0].ID = r[0]
		}
	}
	err := g.Logits(ctx, rows, func(row, position int, logits []float32) error {
		if next := position + 1; next < len(rows[row]) {
			out[row][next] = rank(logits, rows[row][next], top)
		}
		return nil
	})
	return out, err
}

// logits runs the rows `order` as one batch, padded on the right: what comes later changes nothing before it.
func (g *Generator) logits(ctx context.Context, rows [][]int32, order []int, fn func(row, position int, logits []float32) error) error {
	seq, size := len(rows[order[len(order)-1]]), g.programs.up(len(order))
	if !g.alone {
		seq = g.programs.length(seq)
	}
	tokens := make([]int32, size*seq)
	type place struct{ row, position int }
	var places []place
	var at []int32
	for i, row := range order {
		copy(tokens[i*seq:], rows[row])
		for position := range rows[row] {
			places, at = append(places, place{row, position}), append(at, int32(i*seq+position))
		}
	}
	hidden, err := g.programs.hidden(tokens, size, seq)
	if err != nil {
		return err
	}
	defer hidden.MustFinalizeAll()
	chunk := g.programs.up(max(1, min(len(at), scoreLogits/g.vocab)))
	for from := 0; from < len(at); from += chunk {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part := at[from:min(from+chunk, len(at))]
		logits, err := g.programs.head(hidden, pad32(part, chunk))
		if err != nil {
			return err
		}
		for i := range part {
			p := places[from+i]
			if err := fn(p.row, p.position, logits[i*g.vocab:(i+1)*g.vocab]); err != nil {
				return err
			}
		}
	}
	return nil
}

// pad32 repeats the last place to make n of them.
func pad32(places []int32, n int) []int32 {
	out := slices.Clone(places)
	for len(out) < n {
		out = append(out, places[len(places)-1])
	}
	return out
}

func (p *programs) buildHidden(in []*graph.Node) []*graph.Node {
	s, in := p.scope(in)
	return []*graph.Node{p.model.Hidden(s, model.Batch{Tokens: in[0]})}
}

// buildHead takes hidden [batch, seq, hidden] and rows int32 [n], counted over [batch·seq]: logits [n, vocab].
func (p *programs) buildHead(in []*graph.Node) []*graph.Node {
	s, in := p.scope(in)
	return []*graph.Node{p.model.Logits(s, model.Select(in[0], in[1]))}
}

// hidden runs tokens [size·seq] without a cache: [size, seq, hidden].
func (p *programs) hidden(tokens []int32, size, seq int) (*tensors.Tensor, error) {
	in := tensors.FromFlatDataAndDimensions(tokens, size, seq)
	p.compiling("score %dx%d", size, seq)
	out, err := p.hiddenExec.Call(append(slices.Clone(p.weights), in)...)
	if err != nil {
		return nil, fmt.Errorf("run %d rows of %d tokens: %w", size, seq, err)
	}
	return out[0], in.FinalizeAll()
}

// head gives the logits of some places, [places·vocab].
func (p *programs) head(hidden *tensors.Tensor, places []int32) ([]float32, error) {
	in := tensors.FromFlatDataAndDimensions(places, len(places))
	out, err := p.headExec.Call(append(slices.Clone(p.weights), hidden, in)...)
	if err != nil {
		return nil, fmt.Errorf("score %d places: %w", len(places), err)
	}
	logits, err := tensors.CopyFlatData[float32](out[0])
	return logits, errors.Join(err, out[0].FinalizeAll(), in.FinalizeAll())
}
