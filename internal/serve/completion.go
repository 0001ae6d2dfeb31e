package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"unicode/utf8"

	"fettle/internal/generate"
	"fettle/internal/tokenizer"
)

// completionRequest is the body of /v1/completions.
type completionRequest struct {
	params
	Prompt   json.RawMessage `json:"prompt"`
	Echo     bool            `json:"echo"`
	Logprobs *int            `json:"logprobs"`
	Special  *bool           `json:"add_special_tokens"` // of prompts that are text; as vLLM names it
}

type completionReply struct {
	ID      string             `json:"id"`
	Object  string             `json:"object"`
	Created int64              `json:"created"`
	Model   string             `json:"model"`
	Choices []completionChoice `json:"choices"`
	Usage   *usage             `json:"usage,omitempty"`
}

type completionChoice struct {
	Text     string            `json:"text"`
	Index    int               `json:"index"`
	Logprobs *completionScores `json:"logprobs"`
	Finish   *string           `json:"finish_reason"`
}

// completionScores are lists of equal length; the first token of a prompt has no score (null).
type completionScores struct {
	Tokens  []string             `json:"tokens"`
	Scores  []*float64           `json:"token_logprobs"`
	Top     []map[string]float64 `json:"top_logprobs"`
	Offsets []int                `json:"text_offset"` // in characters
}

// given is one of a request's prompts.
type given struct {
	text   string
	ids    []int32
	scored []generate.Token
}

func (s *Server) completions(w http.ResponseWriter, r *http.Request) error {
	var q completionRequest
	if err := s.read(w, r, &q); err != nil {
		return err
	}
	if f := q.check(); f != nil {
		return f
	}
	if q.Logprobs != nil && (*q.Logprobs < 0 || *q.Logprobs > maxTop) {
		return invalid("logprobs", "logprobs is %d: want 0 to %d", *q.Logprobs, maxTop)
	}
	e, f := s.engine(q.Model)
	if f != nil {
		return f
	}
	prompts, f := s.prompts(&q)
	if f != nil {
		return f
	}
	if len(prompts)*q.choices() > maxRows {
		return invalid("prompt", "%d prompts of %d answers: want at most %d answers in all", len(prompts), q.choices(), maxRows)
	}
	choices, total, f := s.completionChoices(r.Context(), &q, e, prompts)
	if f != nil {
		return f
	}
	if err := s.scorePrompts(r.Context(), &q, e, prompts); err != nil {
		return err
	}
	asked := slices.DeleteFunc(slices.Clone(choices), func(c *choice) bool { return c.job.request.MaxNew == 0 })
	if err := s.submit(asked); err != nil {
		return err
	}
	reply := completionReply{ID: newID("cmpl-"), Object: "text_completion", Created: s.now(), Model: e.name}
	if q.Stream {
		return s.streamCompletion(w, &q, reply, prompts, choices, total)
	}
	for _, c := range choices {
		b := s.newCompletion(&q, prompts[c.index/q.choices()])
		if err := c.follow(func(p piece) error { b.add(p); return nil }); err != nil {
			return err
		}
		reply.Choices = append(reply.Choices, b.take(c, true))
	}
	u := count(total, choices)
	reply.Usage = &u
	s.metrics.tokens(u)
	return writeJSON(w, reply)
}

// completionChoices makes the answers' jobs; total counts the prompts' tokens.
func (s *Server) completionChoices(ctx context.Context, q *completionRequest, e *engine, prompts []*given) (choices []*choice, total int, f *fault) {
	least := 1
	if q.Echo {
		least = 0
	}
	const usual = 16 // the API's default
	for _, p := range prompts {
		most, f := s.room(len(p.ids), q.MaxTokens, least, usual)
		if f != nil {
			return nil, 0, f
		}
		total += len(p.ids)
		for range q.choices() {
			i := len(choices)
			r := generate.Request{Prompt: p.ids, MaxNew: most, Logprobs: q.Logprobs != nil, Sampling: q.sampling(s.config.Models.Defaults, i%q.choices())}
			set(&r.Top, q.Logprobs)
			c := s.newChoice(ctx, e, i, r, &q.params, s.config.Models.Ends, s.config.Models.Language.Decode)
			c.text.After(p.ids)
			if most == 0 {
				close(c.job.out) // the prompt alone is asked for
			}
			choices = append(choices, c)
		}
	}
	return choices, total, nil
}

// scorePrompts scores the prompts where their echo is to have log-probabilities.
func (s *Server) scorePrompts(ctx context.Context, q *completionRequest, e *engine, prompts []*given) error {
	if !q.Echo || q.Logprobs == nil {
		return nil
	}
	var rows [][]int32
	for _, p := range prompts {
		rows = append(rows, p.ids)
	}
	scored, err := s.scores(ctx, e, rows, *q.Logprobs)
	if err != nil {
		return err
	}
	for i, p := range prompts {
		p.scored = scored[i]
	}
	return nil
}

// scores waits for the log-probabilities of rows, with the `top` likeliest tokens beside each.
func (s *Server) scores(ctx context.Context, e *engine, rows [][]int32, top int) ([][]generate.Token, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &job{ctx: ctx, cancel: cancel, engine: e, request: generate.Request{Top: top}, out: make(chan generate.Token), score: rows}
	if err := s.scheduler.submit(j); err != nil {
		return nil, err
	}
	for range j.out { // nothing comes: it closes when the scores are there
	}
	return j.scored, j.err
}

// prompts reads a text, several, the tokens of one, or those of several.
func (s *Server) prompts(q *completionRequest) ([]*given, *fault) {
	l := s.config.Models.Language
	options := tokenizer.Options{AddSpecial: q.Special == nil || *q.Special}
	var texts []string
	var rows [][]int32
	var text string
	var row []int32
	var out []*given
	switch {
	case len(q.Prompt) == 0 || string(q.Prompt) == "null":
		return nil, invalid("prompt", "prompt is missing")
	case json.Unmarshal(q.Prompt, &text) == nil:
		texts = []string{text}
	case json.Unmarshal(q.Prompt, &row) == nil:
		rows = [][]int32{row}
	case json.Unmarshal(q.Prompt, &texts) == nil:
	default:
		texts = nil
		if json.Unmarshal(q.Prompt, &rows) != nil {
			return nil, invalid("prompt", "prompt: want a text, a list of texts, or tokens")
		}
	}
	for _, text := range texts {
		out = append(out, &given{text: text, ids: l.Tokenizer.Encode(text, options)})
	}
	if texts == nil {
		for _, ids := range rows {
			out = append(out, &given{text: l.Tokenizer.Decode(ids, false), ids: ids})
		}
	}
	if len(out) == 0 {
		return nil, invalid("prompt", "prompt is empty")
	}
	for _, p := range out {
		if f := s.checkTokens(p.ids); f != nil {
			return nil, f
		}
	}
	return out, nil
}

func (s *Server) streamCompletion(w http.ResponseWriter, q *completionRequest, reply completionReply, prompts []*given, choices []*choice, total int) error {
	out := newEvents(w)
	builders := make([]*completionBuilder, len(choices))
	for i := range choices {
		builders[i] = s.newCompletion(q, prompts[i/q.choices()])
	}
	send := func(c *choice, last bool) error {
		chunk := reply
		chunk.Choices = []completionChoice{builders[c.index].take(c, last)}
		return out.send(chunk)
	}
	return out.stream(choices, func(c *choice, p piece) error {
		builders[c.index].add(p)
		return send(c, c.finish != "")
	}, func() any {
		u := count(total, choices)
		s.metrics.tokens(u)
		if q.StreamOptions == nil || !q.StreamOptions.IncludeUsage {
			return nil
		}
		reply.Choices, reply.Usage = []completionChoice{}, &u
		return reply
	})
}

// completionBuilder gathers the text and scores of an answer until they are taken.
type completionBuilder struct {
	s      *Server
	text   string
	scores *completionScores
	offset int // in characters: where the answer's own text begins
	done   string
}

// newCompletion begins an answer, with its prompt where that is to be echoed.
func (s *Server) newCompletion(q *completionRequest, p *given) *completionBuilder {
	b := &completionBuilder{s: s}
	if q.Logprobs != nil {
		b.scores = newScores()
	}
	if !q.Echo {
		return b
	}
	b.text = p.text
	if b.scores != nil {
		text := generate.NewText(func(ids []int32) string { return s.config.Models.Language.Tokenizer.Decode(ids, false) }, nil)
		at := 0
		for i, t := range p.scored {
			b.score(t, at, i == 0)
			at += utf8.RuneCountInString(text.Add(t.ID))
		}
	}
	b.offset = utf8.RuneCountInString(p.text)
	return b
}

func newScores() *completionScores {
	return &completionScores{Tokens: []string{}, Scores: []*float64{}, Top: []map[string]float64{}, Offsets: []int{}}
}

func (b *completionBuilder) add(p piece) {
	before := b.done
	b.text, b.done = b.text+p.text, b.done+p.text
	if b.scores == nil {
		return
	}
	for _, t := range p.tokens {
		all := before + p.text
		b.score(t.Token, b.offset+utf8.RuneCountInString(all[:min(t.at, len(all))]), false)
	}
}

func (b *completionBuilder) score(t generate.Token, offset int, unscored bool) {
	l := b.s.config.Models.Language
	text, _ := l.Piece(t.ID)
	b.scores.Tokens, b.scores.Offsets = append(b.scores.Tokens, text), append(b.scores.Offsets, offset)
	if unscored {
		b.scores.Scores, b.scores.Top = append(b.scores.Scores, nil), append(b.scores.Top, nil)
		return
	}
	top := map[string]float64{}
	for _, c := range t.Top {
		text, _ := l.Piece(c.ID)
		if _, ok := top[text]; !ok { // tokens may read alike: the likeliest stands for them
			top[text] = c.Logprob
		}
	}
	b.scores.Scores, b.scores.Top = append(b.scores.Scores, &t.Logprob), append(b.scores.Top, top)
}

// take gives what came since the last time.
func (b *completionBuilder) take(c *choice, last bool) completionChoice {
	out := completionChoice{Text: b.text, Index: c.index, Logprobs: b.scores}
	if b.text = ""; b.scores != nil {
		b.scores = newScores()
	}
	if last {
		out.Finish = &c.finish
	}
	return out
}
