package serve

import (
	"encoding/json"
	"net/http"

	"fettle/internal/chat"
	"fettle/internal/generate"
	"fettle/internal/jinja/py"
)

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	params
	Messages            json.RawMessage `json:"messages"`
	Tools               json.RawMessage `json:"tools"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Logprobs            bool            `json:"logprobs"`
	TopLogprobs         *int            `json:"top_logprobs"`
	// Variables of the template, and whether the answer goes on from the last message, as vLLM names them.
	TemplateVars map[string]any `json:"chat_template_kwargs"`
	Continue     bool           `json:"continue_final_message"`
	AddPrompt    *bool          `json:"add_generation_prompt"`
}

type chatReply struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []chatChoice `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
}

type chatChoice struct {
	Index    int          `json:"index"`
	Message  *chatMessage `json:"message,omitempty"`
	Delta    *chatDelta   `json:"delta,omitempty"`
	Logprobs *chatScores  `json:"logprobs"`
	Finish   *string      `json:"finish_reason"`
}

type chatMessage struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type chatDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type chatScores struct {
	Content []chatToken `json:"content"`
	Refusal *string     `json:"refusal"`
}

type chatToken struct {
	Token   string       `json:"token"`
	Logprob float64      `json:"logprob"`
	Bytes   []int        `json:"bytes"`
	Top     *[]chatToken `json:"top_logprobs,omitempty"`
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	var q chatRequest
	if err := s.read(w, r, &q); err != nil {
		return err
	}
	if f := q.check(); f != nil {
		return f
	}
	e, f := s.engine(q.Model)
	if f != nil {
		return f
	}
	prompt, f := s.chatPrompt(&q)
	if f != nil {
		return f
	}
	asked := q.MaxTokens
	if q.MaxCompletionTokens != nil {
		asked = q.MaxCompletionTokens
	}
	most, f := s.room(len(prompt), asked, 1, s.config.MaxTokens)
	if f != nil {
		return f
	}
	request := generate.Request{Prompt: prompt, MaxNew: most, Logprobs: q.Logprobs}
	set(&request.Top, q.TopLogprobs)
	var choices []*choice
	for i := range q.choices() {
		request.Sampling = q.sampling(s.config.Models.Defaults, i)
		choices = append(choices, s.newChoice(r.Context(), e, i, request, &q.params, s.turnEnds))
	}
	if err := s.submit(choices); err != nil {
		return err
	}
	reply := chatReply{ID: newID("chatcmpl-"), Created: s.now(), Model: e.name}
	if q.Stream {
		return s.streamChat(w, &q, reply, choices, len(prompt))
	}
	reply.Object = "chat.completion"
	for _, c := range choices {
		all, err := c.whole()
		if err != nil {
			return err
		}
		reply.Choices = append(reply.Choices, chatChoice{Index: c.index, Message: &chatMessage{Role: "assistant", Content: all.text}, Logprobs: s.chatScores(q.Logprobs, all.tokens), Finish: &c.finish})
	}
	u := count(len(prompt), choices)
	reply.Usage = &u
	s.metrics.tokens(u)
	return writeJSON(w, reply)
}

func (s *Server) streamChat(w http.ResponseWriter, q *chatRequest, reply chatReply, choices []*choice, prompt int) error {
	reply.Object = "chat.completion.chunk"
	out := newEvents(w)
	send := func(c *choice, d chatDelta, scores *chatScores, finish *string) error {
		chunk := reply
		chunk.Choices = []chatChoice{{Index: c.index, Delta: &d, Logprobs: scores, Finish: finish}}
		return out.send(chunk)
	}
	begun := make([]bool, len(choices))
	begin := func(c *choice) error {
		if begun[c.index] {
			return nil
		}
		begun[c.index] = true
		return send(c, chatDelta{Role: "assistant", Content: new(string)}, nil, nil)
	}
	return out.stream(choices, func(c *choice, p piece) error {
		if err := begin(c); err != nil {
			return err
		}
		if p.text != "" || q.Logprobs {
			if err := send(c, chatDelta{Content: &p.text}, s.chatScores(q.Logprobs, p.tokens), nil); err != nil {
				return err
			}
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

// chatPrompt checks the conversation and renders it.
func (s *Server) chatPrompt(q *chatRequest) ([]int32, *fault) {
	if q.TopLogprobs != nil && (*q.TopLogprobs < 0 || *q.TopLogprobs > maxTop) {
		return nil, invalid("top_logprobs", "top_logprobs is %d: want 0 to %d", *q.TopLogprobs, maxTop)
	}
	if q.TopLogprobs != nil && !q.Logprobs {
		return nil, invalid("top_logprobs", "top_logprobs needs logprobs")
	}
	if len(q.Messages) == 0 {
		return nil, invalid("messages", "messages is missing")
	}
	tools := q.Tools
	if choice, _ := q.ToolChoice.(string); choice == "none" {
		tools = nil
	}
	in, err := chat.ParseInput(q.Messages, tools)
	if err != nil {
		return nil, invalid("messages", "%v", err)
	}
	if list, ok := in.Tools.(py.List); ok && len(list) == 0 {
		in.Tools = nil
	}
	if f := tidy(in.Messages); f != nil {
		return nil, f
	}
	mode := chat.Generation
	switch {
	case q.Continue && q.AddPrompt != nil && *q.AddPrompt:
		return nil, invalid("continue_final_message", "continue_final_message excludes add_generation_prompt")
	case q.Continue:
		mode = chat.Continue
	case q.AddPrompt != nil && !*q.AddPrompt:
		mode = chat.Full
	}
	ids, err := s.config.Models.Language.Prompt(in, chat.RenderOptions{Mode: mode, Vars: q.TemplateVars})
	if err != nil {
		return nil, invalid("messages", "%v", err)
	}
	if f := s.checkTokens(ids); f != nil {
		return nil, f
	}
	return ids, nil
}

// chatScores are the log-probabilities of tokens in the shape of the chat API.
func (s *Server) chatScores(wanted bool, tokens []placed) *chatScores {
	if !wanted {
		return nil
	}
	out := &chatScores{Content: []chatToken{}}
	for _, t := range tokens {
		token, top := s.chatToken(t.ID, t.Logprob), []chatToken{}
		for _, c := range t.Top {
			top = append(top, s.chatToken(c.ID, c.Logprob))
		}
		token.Top = &top
		out.Content = append(out.Content, token)
	}
	return out
}

func (s *Server) chatToken(id int32, logprob float64) chatToken {
	text, raw := s.config.Models.Language.piece(id)
	t := chatToken{Token: text, Logprob: logprob, Bytes: make([]int, len(raw))}
	for i, b := range raw {
		t.Bytes[i] = int(b)
	}
	return t
}
