package serve

import (
	"encoding/json"
	"net/http"

	"fettle/internal/chat"
	"fettle/internal/generate"
)

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	params
	Messages            json.RawMessage `json:"messages"`
	Tools               json.RawMessage `json:"tools"`
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
	if choice, _ := q.ToolChoice.(string); choice == "none" {
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
	form := s.chatForm(&q, prompt)
	var choices []*choice
	for i := range q.choices() {
		request.Sampling = q.sampling(s.config.Models.Defaults, i)
		choices = append(choices, s.newChoice(r.Context(), e, i, request, &q.params, s.turnEnds, form.decode))
	}
	if err := s.submit(choices); err != nil {
		return err
	}
	reply := chatReply{ID: newID("chatcmpl-"), Created: s.now(), Model: e.name}
	if q.Stream {
		return s.streamChat(w, &q, reply, form, choices, len(prompt))
	}
	reply.Object = "chat.completion"
	for _, c := range choices {
		message, tokens, err := form.whole(c)
		if err != nil {
			return err
		}
		reply.Choices = append(reply.Choices, chatChoice{Index: c.index, Message: message, Logprobs: s.chatScores(q.Logprobs, tokens), Finish: &c.finish})
	}
	u := count(len(prompt), choices)
	reply.Usage = &u
	s.metrics.tokens(u)
	return writeJSON(w, reply)
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
	in, err := chat.ParseInput(q.Messages, q.offered())
	if err != nil {
		return nil, invalid("messages", "%v", err)
	}
	if f := checkTools(&in); f != nil {
		return nil, f
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
