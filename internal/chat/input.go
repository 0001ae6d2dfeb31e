package chat

import (
	"fmt"

	"fettle/internal/jinja/py"
	"fettle/schemas"
)

// Input is a conversation as the template sees it: messages as dicts, tools a list or nil (None).
type Input struct {
	Messages []*py.Dict
	Tools    any
}

// ParseInput reads messages and tools (either may be empty) from JSON, in the shape that transformers takes.
func ParseInput(messages, tools []byte) (Input, error) {
	var in Input
	v, err := py.FromJSON(messages)
	if err != nil {
		return in, fmt.Errorf("read messages: %w", err)
	}
	list, ok := v.(py.List)
	if !ok {
		return in, fmt.Errorf("messages are no list but %s", py.TypeName(v))
	}
	for i, m := range list {
		d, ok := m.(*py.Dict)
		if !ok {
			return in, fmt.Errorf("message %d is no object but %s", i, py.TypeName(m))
		}
		in.Messages = append(in.Messages, d)
	}
	if len(tools) > 0 {
		if in.Tools, err = py.FromJSON(tools); err != nil {
			return in, fmt.Errorf("read tools: %w", err)
		}
	}
	return in, nil
}

// FromConversation brings a row into the shape that templates know: a system text first, calls as {type, id, function} with
// their arguments as an object, the name of the function called beside a tool's answer. Empty fields are left out.
func FromConversation(c schemas.Conversation) (Input, error) {
	var in Input
	if c.Tools != "" {
		tools, err := py.FromJSON([]byte(c.Tools))
		if err != nil {
			return in, fmt.Errorf("read tools: %w", err)
		}
		if list, ok := tools.(py.List); !ok || len(list) > 0 {
			in.Tools = tools
		}
	}
	if c.System != "" {
		in.Messages = append(in.Messages, py.Pairs("role", "system", "content", c.System))
	}
	called := map[string]string{}
	for i, m := range c.Messages {
		d, err := message(m, called)
		if err != nil {
			return in, fmt.Errorf("message %d: %w", i, err)
		}
		in.Messages = append(in.Messages, d)
	}
	return in, nil
}

func message(m schemas.Message, called map[string]string) (*py.Dict, error) {
	d := py.Pairs("role", m.Role, "content", m.Content)
	if m.Reasoning != "" {
		d.Set("reasoning_content", m.Reasoning)
	}
	var calls py.List
	for _, c := range m.ToolCalls {
		var args any = c.Arguments
		if c.Arguments == "" {
			args = &py.Dict{}
		} else if v, err := py.FromJSON([]byte(c.Arguments)); err == nil {
			args = v
		} else {
			return nil, fmt.Errorf("arguments of %s are no JSON: %w", c.Name, err)
		}
		call := py.Pairs("type", "function", "function", py.Pairs("name", c.Name, "arguments", args))
		if c.ID != "" {
			call.Set("id", c.ID)
			called[c.ID] = c.Name
		}
		calls = append(calls, call)
	}
	if len(calls) > 0 {
		d.Set("tool_calls", calls)
	}
	if m.ToolCallID != "" {
		d.Set("tool_call_id", m.ToolCallID)
		if name := called[m.ToolCallID]; name != "" {
			d.Set("name", name)
		}
	}
	return d, nil
}

// normalise does what transformers does before rendering: keys whose value is None go, the names of reasoning become one, with
// thinking as the first key.
func normalise(m *py.Dict) *py.Dict {
	out := &py.Dict{}
	reasoning := reasoningOf(m)
	if reasoning != nil {
		out.Set("thinking", reasoning)
	}
	for i := range m.Len() {
		if k, v := m.At(i); v != nil {
			out.Set(k, v)
		}
	}
	if reasoning != nil {
		out.Set("reasoning_content", reasoning)
	}
	return out
}

// reasoningOf is the first that is there of the names of reasoning, or nil.
func reasoningOf(m *py.Dict) any {
	for _, name := range []string{"reasoning_content", "thinking", "reasoning"} {
		if v, _ := m.Get(name); v != nil {
			return v
		}
	}
	return nil
}
