package serve

import (
	"slices"
	"strings"

	"fettle/internal/jinja/py"
)

var roles = []string{"system", "developer", "user", "assistant", "tool", "function"}

// tidy brings messages of the API into the shape that templates know: parts of text joined, the arguments of calls as
// objects, developer as system.
func tidy(messages []*py.Dict) *fault {
	if len(messages) == 0 {
		return invalid("messages", "messages is empty")
	}
	for i, m := range messages {
		role, _ := m.Get("role")
		name, ok := role.(string)
		if !ok || !slices.Contains(roles, name) {
			return invalid("messages", "message %d: role: want one of %s", i, strings.Join(roles, ", "))
		}
		if name == "developer" {
			m.Set("role", "system")
		}
		content, _ := m.Get("content")
		text, f := joined(i, content)
		if f != nil {
			return f
		}
		if content != nil || name == "assistant" { // a turn of calls alone has no text, as in training
			m.Set("content", text)
		}
		if f := arguments(i, m); f != nil {
			return f
		}
	}
	return nil
}

// joined is the text of a content: a string, nothing, or parts that are all text.
func joined(i int, content any) (string, *fault) {
	switch c := content.(type) {
	case nil:
		return "", nil
	case string:
		return c, nil
	case py.List:
		var texts []string
		for _, part := range c {
			d, ok := part.(*py.Dict)
			if !ok {
				return "", invalid("messages", "message %d: a part of its content is no object", i)
			}
			kind, _ := d.Get("type")
			text, _ := d.Get("text")
			s, ok := text.(string)
			if !ok || kind != "text" {
				return "", invalid("messages", "message %d: a part of its content is no text: this model reads only text", i)
			}
			texts = append(texts, s)
		}
		return strings.Join(texts, "\n"), nil
	}
	return "", invalid("messages", "message %d: content: want a string or a list of parts, got %s", i, py.TypeName(content))
}

// arguments turns the arguments of calls from JSON texts into objects.
func arguments(i int, m *py.Dict) *fault {
	calls, _ := m.Get("tool_calls")
	if calls == nil {
		return nil
	}
	list, ok := calls.(py.List)
	if !ok {
		return invalid("messages", "message %d: tool_calls: want a list", i)
	}
	for _, call := range list {
		d, ok := call.(*py.Dict)
		if !ok {
			return invalid("messages", "message %d: a tool call is no object", i)
		}
		function, _ := d.Get("function")
		fn, ok := function.(*py.Dict)
		if !ok {
			return invalid("messages", "message %d: a tool call has no function", i)
		}
		raw, _ := fn.Get("arguments")
		text, ok := raw.(string)
		if !ok {
			continue
		}
		value, err := py.FromJSON([]byte(text))
		if err != nil {
			return invalid("messages", "message %d: the arguments of a tool call are no JSON", i)
		}
		fn.Set("arguments", value)
	}
	return nil
}
