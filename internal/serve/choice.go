package serve

import (
	"context"
	"slices"

	"fettle/internal/generate"
)

// choice is one answer on its way.
type choice struct {
	index  int
	job    *job
	text   *generate.Text
	tokens int // generated so far
	finish string
	enough bool // whoever reads the answer needs no more of it
}

// piece is what an answer gets at once: whole characters and the tokens behind them.
type piece struct {
	text   string
	tokens []placed
}

// placed is a token and the byte of the answer where its text begins.
type placed struct {
	generate.Token
	at int
}

// newChoice makes the job of answer number index and its text. prompt, if not nil, is what the text goes on from.
func (s *Server) newChoice(ctx context.Context, e *engine, index int, r generate.Request, p *params, ends []int32, decode func(ids []int32) string) *choice {
	ctx, cancel := context.WithCancel(ctx)
	if p.IgnoreEOS {
		ends = nil
	}
	return &choice{
		index: index,
		job:   &job{ctx: ctx, cancel: cancel, engine: e, request: r, ends: ends, out: make(chan generate.Token, r.MaxNew)},
		text:  generate.NewText(decode, p.Stop),
	}
}

// follow gives the answer to emit as it comes. Finish is set before the last piece, which may be empty.
func (c *choice) follow(emit func(piece) error) error {
	defer c.job.cancel()
	var waiting []placed
	for token := range c.job.out {
		c.tokens++
		at, fresh := c.text.Size(), ""
		if !slices.Contains(c.job.ends, token.ID) {
			fresh = c.text.Add(token.ID)
		}
		waiting = append(waiting, placed{token, at})
		if c.text.Stopped() {
			c.finish = "stop"
			return emit(piece{fresh, c.upToStop(waiting)})
		}
		if fresh != "" {
			if err := emit(piece{fresh, waiting}); err != nil {
				return err
			}
			waiting = nil
			if c.enough {
				c.finish = "stop"
				return emit(piece{})
			}
		}
	}
	if c.job.err != nil {
		return c.job.err
	}
	rest := c.text.Flush()
	c.finish = "length"
	if c.text.Stopped() {
		waiting = c.upToStop(waiting)
	}
	if c.text.Stopped() || c.job.stopped {
		c.finish = "stop"
	}
	return emit(piece{rest, waiting})
}

// upToStop leaves out the tokens of a stop string.
func (c *choice) upToStop(tokens []placed) []placed {
	return slices.DeleteFunc(tokens, func(t placed) bool { return t.at >= c.text.Size() })
}
