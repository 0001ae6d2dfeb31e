package generate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
)

// Options says how to continue prompts.
type Options struct {
	MaxNew int        // tokens a prompt gets at most, where its request does not say
	EOS    []int32    // tokens that end a row; nil = those of the model's config
	Batch  int        // rows computed at once; 0 = 64
	Chunk  int        // tokens of a long prompt that a Session reads at once; 0 = 256
	Quant  *quant.Set // which weights are in 4 bits; nil = none
	// Compiling hears of each program (kind and shape) before it runs for the first time; nil = nobody listens.
	Compiling func(program string)
}

// Request is one prompt and how to continue it.
type Request struct {
	Prompt   []int32
	MaxNew   int       // 0 = Options.MaxNew
	Sampling *Sampling // nil = the most likely tokens
	// Logprobs asks a Session for the log-probability of each new token, and the Top most likely ones beside it.
	Logprobs bool
	Top      int
}

// Output is what a prompt got.
type Output struct {
	Tokens  []int32 // the new tokens; one that ended the row is the last of them
	Stopped bool    // ended by an end token, not by MaxNew
	// Prefill and Decode are the row's share of its batch's time.
	Prefill, Decode time.Duration
}

// Generator holds a model's weights on a backend and its compiled programs. It serves one call at a time.
type Generator struct {
	programs *programs
	options  Options
	vocab    int
	alone    bool // a row's angles depend on the longest row of its batch (longrope, dynamic)
	longRope int  // positions up to which longrope uses its short factors; 0 = the model has no longrope
}

// New makes a generator. a may be nil.
func New(m *model.Model, w model.Weights, a *lora.Adapter, b backend.Backend, o Options) (*Generator, error) {
	if o.MaxNew < 1 {
		return nil, fmt.Errorf("generate: want at least one new token, MaxNew is %d", o.MaxNew)
	}
	if o.EOS == nil {
		for _, id := range m.Config.EOS {
			o.EOS = append(o.EOS, int32(id))
		}
	}
	o.Batch, o.Chunk = cmp.Or(o.Batch, 64), cmp.Or(o.Chunk, 256)
	p, err := newPrograms(m, w, a, b, o)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	g := &Generator{programs: p, options: o, vocab: m.Config.Vocab}
	if r := m.Config.Stretched(); r != nil {
		g.alone = true
		if r.Type == "longrope" {
			g.longRope = r.Original
		}
	}
	return g, nil
}

// Close frees the programs; the weights stay the caller's.
func (g *Generator) Close() { g.programs.close() }

// Greedy continues every prompt with its most likely tokens.
func (g *Generator) Greedy(ctx context.Context, prompts [][]int32) ([]Output, error) {
	requests := make([]Request, len(prompts))
	for i, p := range prompts {
		requests[i].Prompt = p
	}
	return g.Generate(ctx, requests, nil)
}

// Generate continues every prompt as its request says. fn, if not nil, sees each new token of prompt i as it comes and
// returns false to end the row.
func (g *Generator) Generate(ctx context.Context, requests []Request, fn func(i int, token int32) bool) ([]Output, error) {
	out := make([]Output, len(requests))
	rows := make([]*row, len(requests))
	for i, r := range requests {
		if err := g.check(r); err != nil {
			return nil, fmt.Errorf("generate: prompt %d: %w", i, err)
		}
		rows[i] = &row{index: i, tokens: slices.Clone(r.Prompt), out: &out[i], most: cmp.Or(r.MaxNew, g.options.MaxNew), sampling: r.Sampling}
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return len(a.tokens) - len(b.tokens) })
	for len(rows) > 0 {
		n := g.batchSize(rows)
		b := &batch{Generator: g, rows: rows[:n], fn: fn}
		if err := b.run(ctx); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		rows = rows[n:]
	}
	return out, nil
}

// check refuses what the embedding could only answer wrongly.
func (g *Generator) check(r Request) error {
	if len(r.Prompt) == 0 {
		return fmt.Errorf("it is empty")
	}
	for _, id := range r.Prompt {
		if id < 0 || int(id) >= g.vocab {
			return fmt.Errorf("token %d is not one of the model's %d", id, g.vocab)
		}
	}
	return nil
}

// batchSize is how many of the (sorted) rows go together. Some encodings choose their angles once a batch, by the longest row:
// there, only rows of one length see what they would see alone.
func (g *Generator) batchSize(rows []*row) int {
	n := min(len(rows), g.options.Batch)
	if !g.alone {
		return n
	}
	same := 1
	for same < n && len(rows[same].tokens) == len(rows[0].tokens) {
		same++
	}
	return same
}
