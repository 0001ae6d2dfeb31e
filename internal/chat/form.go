package chat

import (
	"fmt"
	"slices"
	"strings"

	"fettle/internal/answer"
	"fettle/internal/jinja/py"
	"fettle/schemas"
)

// Form is how the model marks reasoning and calls in its answers, read from its template; tokens are the tokenizer's added ones.
func (t *Template) Form(tokens []string) *answer.Form {
	return answer.FormOf(t.text, tokens, t.call())
}

// Prints says whether a text is among those that the template prints itself: it stands in its source, or in a conversation.
func (t *Template) Prints(text string) bool {
	t.probed.Do(func() {
		in := Input{Messages: []*py.Dict{py.Pairs("role", "user", "content", "x"), py.Pairs("role", "assistant", "content", "y"), py.Pairs("role", "user", "content", "z")}}
		if res, err := t.render(in, Generation, RenderOptions{Now: probeTime}); err == nil {
			t.shown = res.Text
		}
	})
	return strings.Contains(t.text, text) || strings.Contains(t.shown, text) || slices.Contains(t.EndOfTurn, text)
}

// call is how the template prints a turn that does nothing but call a tool; "" = it cannot.
func (t *Template) call() string {
	prompt, whole := t.calling("probe", "{}", nil)
	said, ok := strings.CutPrefix(whole, prompt)
	if !ok {
		return ""
	}
	return said
}

// calling is a short conversation up to the assistant's turn, and with a turn that does nothing but call a tool; "" = the
// template fails.
func (t *Template) calling(name, arguments string, vars map[string]any) (prompt, whole string) {
	tools := fmt.Sprintf(`[{"type": "function", "function": {"name": %q, "description": "", "parameters": {"type": "object", "properties": {}}}}]`, name)
	user := schemas.Message{Role: "user", Content: "Hello"}
	turn := schemas.Message{Role: "assistant", ToolCalls: []schemas.ToolCall{{ID: "call00001", Name: name, Arguments: arguments}}}
	text := func(mode Mode, messages ...schemas.Message) string {
		in, err := FromConversation(schemas.Conversation{Messages: messages, Tools: tools})
		if err != nil {
			return ""
		}
		res, err := t.render(t.Suit(in), mode, RenderOptions{Now: probeTime, Vars: vars})
		if err != nil {
			return ""
		}
		return res.Text
	}
	return text(Generation, user), text(Full, user, turn)
}

// Suit gives the arguments of calls the shape that the template takes: objects, but for templates that only join texts.
func (t *Template) Suit(in Input) Input {
	if !t.textArguments() {
		return in
	}
	messages := make([]*py.Dict, len(in.Messages))
	for i, m := range in.Messages {
		messages[i] = m
		if calls, ok := m.Get("tool_calls"); ok {
			messages[i] = m.Clone()
			messages[i].Set("tool_calls", withTexts(calls))
		}
	}
	in.Messages = messages
	return in
}

// textArguments says whether the template prints a call whose arguments are a text and fails where they are an object.
func (t *Template) textArguments() bool {
	t.asked.Do(func() {
		try := func(arguments any) bool {
			call := py.Pairs("id", "call00001", "type", "function", "function", py.Pairs("name", "probe", "arguments", arguments))
			turn := py.Pairs("role", "assistant", "content", "", "tool_calls", py.List{call})
			_, err := t.render(Input{Messages: []*py.Dict{py.Pairs("role", "user", "content", "Hello"), turn}}, Full, RenderOptions{Now: probeTime})
			return err == nil
		}
		t.textArgs = !try(&py.Dict{}) && try("{}")
	})
	return t.textArgs
}

// withTexts is a list of calls whose arguments are JSON texts.
func withTexts(calls any) any {
	list, ok := calls.(py.List)
	if !ok {
		return calls
	}
	out := make(py.List, len(list))
	for i, c := range list {
		out[i] = c
		call, ok := c.(*py.Dict)
		if !ok {
			continue
		}
		v, _ := call.Get("function")
		function, ok := v.(*py.Dict)
		if !ok {
			continue
		}
		arguments, _ := function.Get("arguments")
		if _, ok := arguments.(*py.Dict); !ok {
			continue
		}
		function = function.Clone()
		function.Set("arguments", py.ToJSON(arguments, py.JSONStyle{}))
		call = call.Clone()
		call.Set("function", function)
		out[i] = call
	}
	return out
}
