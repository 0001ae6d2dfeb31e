package serve

import (
	"math/rand/v2"
	"net/http"

	"fettle/internal/answer"
)

// chatForm is how the answers of a request are read.
type chatForm struct {
	form     *answer.Form
	tools    answer.Tools // nil = none may be called
	alone    bool         // an answer calls one tool at most
	thinking bool         // the prompt has opened the reasoning
	decode   func(ids []int32) string
	forced   []*forced // by choice: the call that its prompt has begun; nil = none
}

func (s *Server) chatForm(q *chatRequest, prompt []int32) *chatForm {
	l := s.config.Models.Language
	f := &chatForm{form: l.Form}
	if tools := answer.ParseTools(q.offered()); len(tools) > 0 {
		f.tools = tools
	}
	f.alone = q.ParallelToolCalls != nil && !*q.ParallelToolCalls
	const tail = 32 // tokens; the prompt for the assistant's turn has fewer, and what one goes on from is its own
	from := max(0, len(prompt)-tail)
	if q.Continue {
		from = 0
	}
	f.thinking = l.Form.Opens(l.Tokenizer.Decode(prompt[from:], false))
	f.decode = l.Decoder(l.Form.Marks(f.tools != nil))
	return f
}

// reading is one answer on its way to a message.
type reading struct {
	*chatForm
	reader *answer.Reader
	calls  []toolCall
	braces braces
}

func (f *chatForm) begin() *reading {
	return &reading{chatForm: f, reader: f.form.Reader(f.tools, f.thinking)}
}

// read turns text into what it adds to the message. The last piece of an answer closes it.
func (r *reading) read(c *choice, text string) (deltas []chatDelta) {
	if r.forced != nil {
		return r.readForced(c, r.forced[c.index], text)
	}
	parts := r.reader.Add(text)
	if c.finish != "" {
		parts = append(parts, r.reader.Close()...)
	}
	for _, p := range parts {
		switch {
		case p.Call == nil && p.Content != "":
			deltas = append(deltas, chatDelta{Content: &p.Content})
		case p.Call == nil:
			deltas = append(deltas, chatDelta{Reasoning: p.Reasoning})
		case !r.alone || len(r.calls) == 0:
			deltas = append(deltas, r.call(*p.Call)...)
		}
	}
	if c.finish == "stop" && len(r.calls) > 0 {
		c.finish = "tool_calls"
	}
	return deltas
}

// call streams as OpenAI's API does: first who is called, then with what.
func (r *reading) call(c answer.Call) []chatDelta {
	n := len(r.calls)
	whole := toolCall{ID: c.ID, Type: "function", Function: toolFunction{c.Name, c.Arguments}}
	if whole.ID == "" {
		whole.ID = callID()
	}
	r.calls = append(r.calls, whole)
	who := whole
	who.Index, who.Function.Arguments = &n, ""
	return []chatDelta{{Calls: []toolCall{who}}, {Calls: []toolCall{{Index: &n, Function: toolFunction{Arguments: c.Arguments}}}}}
}

// callID makes an id as Mistral's templates want it; to others any will do.
func callID() string {
	const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 9)
	for i := range id {
		id[i] = signs[rand.IntN(len(signs))]
	}
	return string(id)
}

// whole collects an answer.
func (f *chatForm) whole(c *choice) (*chatMessage, []placed, error) {
	m, r, content := &chatMessage{Role: "assistant"}, f.begin(), ""
	var tokens []placed
	err := c.follow(func(p piece) error {
		tokens = append(tokens, p.tokens...)
		for _, d := range r.read(c, p.text) {
			m.Reasoning += d.Reasoning
			if d.Content != nil {
				content += *d.Content
			}
		}
		return nil
	})
	if m.Calls = r.calls; content != "" || len(m.Calls) == 0 {
		m.Content = &content
	}
	return m, tokens, err
}

func (s *Server) streamChat(w http.ResponseWriter, q *chatRequest, reply chatReply, form *chatForm, choices []*choice, prompt int) error {
	reply.Object = "chat.completion.chunk"
	out := newEvents(w)
	send := func(c *choice, d chatDelta, scores *chatScores, finish *string) error {
		chunk := reply
		chunk.Choices = []chatChoice{{Index: c.index, Delta: &d, Logprobs: scores, Finish: finish}}
		return out.send(chunk)
	}
	answers := make([]*reading, len(choices))
	return out.stream(choices, func(c *choice, p piece) error {
		if answers[c.index] == nil {
			answers[c.index] = form.begin()
			if err := send(c, chatDelta{Role: "assistant", Content: new(string)}, nil, nil); err != nil {
				return err
			}
		}
		deltas := answers[c.index].read(c, p.text)
		if q.Logprobs && len(deltas) == 0 && len(p.tokens) > 0 {
			deltas = append(deltas, chatDelta{}) // its text waits, its tokens do not
		}
		tokens := p.tokens
		for _, d := range deltas {
			if err := send(c, d, s.chatScores(q.Logprobs, tokens), nil); err != nil {
				return err
			}
			tokens = nil
		}
		if c.finish == "" {
			return nil
		}
		return send(c, chatDelta{}, nil, &c.finish)
	}, func() any {
		u := count(prompt, choices)
		s.metrics.tokens(u)
		if q.StreamOptions == nil || !q.StreamOptions.IncludeUsage {
			return nil
		}
		reply.Choices, reply.Usage = []chatChoice{}, &u
		return reply
	})
}
