package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"fettle/internal/chat"
	"fettle/internal/generate"
)

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	params
	Messages            json.RawMessage `json:"messages"`
	Tools               json.RawMessage `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Logprobs            bool            `json:"logprobs"`
	TopLogprobs         *int            `json:"top_logprobs"`
	// Variables of the template, and whether the answer goes on from the last message, as vLLM names them.
	TemplateVars map[string]any `json:"chat_template_kwargs"`
	Continue     bool           `json:"continue_final_message"`
	AddPrompt    *bool          `json:"add_generation_prompt"`
}

// offered are the tools that the model may call, as JSON.
func (q *chatRequest) offered() json.RawMessage {
	if string(q.ToolChoice) == `"none"` {
		return nil
	}
	return q.Tools
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
	rows, chosen, f := s.chatPrompt(&q)
	if f != nil {
		return f
	}
	form := s.chatForm(&q, rows[0])
	choices, err := s.chatChoices(r.Context(), &q, e, rows, chosen, form)
	if err != nil {
		return err
	}
	prompt := len(choices[0].job.request.Prompt)
	if err := s.submit(choices); err != nil {
		return err
	}
	reply := chatReply{ID: newID("chatcmpl-"), Created: s.now(), Model: e.name}
	if q.Stream {
		return s.streamChat(w, &q, reply, form, choices, prompt)
	}
	reply.Object = "chat.completion"
	for _, c := range choices {
		message, tokens, err := form.whole(c)
		if err != nil {
			return err
		}
		reply.Choices = append(reply.Choices, chatChoice{Index: c.index, Message: message, Logprobs: s.chatScores(q.Logprobs, tokens), Finish: &c.finish})
	}
	u := count(prompt, choices)
	reply.Usage = &u
	s.metrics.tokens(u)
	return writeJSON(w, reply)
}

// chatChoices makes the answers' jobs. Of several beginnings each answer has the one that is drawn for it.
func (s *Server) chatChoices(ctx context.Context, q *chatRequest, e *engine, rows [][]int32, chosen toolChoice, form *chatForm) (choices []*choice, err error) {
	most := make([]int, len(rows))
	for i, row := range rows {
		var f *fault
		if most[i], f = s.room(len(row), q.most(), 1, s.config.MaxTokens); f != nil {
			return nil, q.named(f)
		}
	}
	liked, err := s.likelihoods(ctx, e, rows)
	if err != nil {
		return nil, err
	}
	for i := range q.choices() {
		sampling := q.sampling(s.config.Models.Defaults, i)
		row := draw(liked, sampling)
		request := generate.Request{Prompt: rows[row], MaxNew: most[row], Logprobs: q.Logprobs, Sampling: sampling}
		set(&request.Top, q.TopLogprobs)
		c := s.newChoice(ctx, e, i, request, &q.params, s.turnEnds, form.decode)
		if chosen.names != nil {
			form.forced = append(form.forced, &forced{chosen.names[row], chosen.finish})
			c.text.After(rows[row])
		}
		choices = append(choices, c)
	}
	return choices, nil
}

// most is how many tokens an answer may have.
func (q *chatRequest) most() *int {
	if q.MaxCompletionTokens != nil {
		return q.MaxCompletionTokens
	}
	return q.MaxTokens
}

// named says of a fault of max_tokens by which name the request gave it.
func (q *chatRequest) named(f *fault) *fault {
	if q.MaxCompletionTokens != nil && f.Param != nil && *f.Param == "max_tokens" {
		f.Param, f.Message = optional("max_completion_tokens"), strings.Replace(f.Message, "max_tokens", "max_completion_tokens", 1)
	}
	return f
}

// chatPrompt checks the conversation and renders it; where a tool must be called there is a row for each that may be.
func (s *Server) chatPrompt(q *chatRequest) (rows [][]int32, chosen toolChoice, f *fault) {
	in, o, f := s.conversation(q)
	if f != nil {
		return nil, chosen, f
	}
	if chosen, f = q.choice(in.Tools); f != nil {
		return nil, chosen, f
	}
	if chosen.names != nil {
		rows, f = s.begun(in, o, chosen.names)
		return rows, chosen, f
	}
	ids, err := s.config.Models.Language.Prompt(in, o)
	if err != nil {
		return nil, chosen, invalid("messages", "%v", err)
	}
	return [][]int32{ids}, chosen, s.checkTokens(ids)
}

// conversation reads and checks what is to be rendered, and how.
func (s *Server) conversation(q *chatRequest) (in chat.Input, o chat.RenderOptions, f *fault) {
	if q.TopLogprobs != nil && (*q.TopLogprobs < 0 || *q.TopLogprobs > maxTop) {
		return in, o, invalid("top_logprobs", "top_logprobs is %d: want 0 to %d", *q.TopLogprobs, maxTop)
	}
	if q.TopLogprobs != nil && !q.Logprobs {
		return in, o, invalid("top_logprobs", "top_logprobs needs logprobs")
	}
	if len(q.Messages) == 0 {
		return in, o, invalid("messages", "messages is missing")
	}
	in, err := chat.ParseInput(q.Messages, q.offered())
	if err != nil {
		return in, o, invalid("messages", "%v", err)
	}
	if f := checkTools(&in); f != nil {
		return in, o, f
	}
	if f := tidy(in.Messages); f != nil {
		return in, o, f
	}
	mode := chat.Generation
	switch {
	case q.Continue && q.AddPrompt != nil && *q.AddPrompt:
		return in, o, invalid("continue_final_message", "continue_final_message excludes add_generation_prompt")
	case q.Continue:
		mode = chat.Continue
	case q.AddPrompt != nil && !*q.AddPrompt:
		mode = chat.Full
	}
	return in, chat.RenderOptions{Mode: mode, Vars: q.TemplateVars}, nil
}
