package format

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"fettle/schemas"
)

func init() { register("messages", &Messages{Column: "messages", Tools: "tools"}) }

// Messages reads OpenAI chat rows {messages: [{role, content, tool_calls, tool_call_id, weight}], tools}. content is text or
// a list of text parts; arguments of calls are JSON in a string or an object; weight 0 keeps an answer out of the loss, as do
// loss_weight 0, train false and loss false.
type Messages struct {
	Column string `json:"messages" jsonschema:"column of the messages"`
	Tools  string `json:"tools" jsonschema:"column of the tool definitions"`
}

// columns implements columned.
func (m *Messages) columns() (must, may []string) { return []string{m.Column}, []string{m.Tools} }

// Passes implements Shape.
func (m *Messages) Passes() int { return 1 }

// Convert implements Shape.
func (m *Messages) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) { return m.convert(r) })
}

func (m *Messages) convert(r *Record) (schemas.Conversation, error) {
	c := schemas.Conversation{Origin: r.Origin, Split: r.Split}
	var err error
	if c.Tools, err = tools(r.Value(m.Tools)); err != nil {
		return c, bad("bad_tools", "column %s: %v", m.Tools, err)
	}
	rows, err := list(r.Value(m.Column))
	if err != nil {
		return c, bad("bad_messages", "column %s: %v", m.Column, err)
	}
	answers := 0
	for i, row := range rows {
		msg, err := message(row)
		if err != nil {
			return c, bad("bad_messages", "message %d: %v", i+1, err)
		}
		switch {
		case msg.Role == "system" && i == 0:
			c.System = msg.Content
			continue
		case msg.Role == "system":
			return c, bad("late_system", "message %d is a system message: it comes first", i+1)
		case msg.Role == "assistant":
			answers++
		}
		c.Messages = append(c.Messages, msg)
	}
	if answers == 0 {
		return c, bad("no_answer", "no message is the assistant's")
	}
	if last := c.Messages[len(c.Messages)-1]; last.Role != "assistant" {
		return c, bad("no_answer", "the last message is from %s", last.Role)
	}
	return c, nil
}

func message(row map[string]any) (schemas.Message, error) {
	var m schemas.Message
	m.Role, _ = row["role"].(string)
	switch m.Role {
	case "assistant":
		m.LossWeight = 1
	case "function":
		m.Role = "tool"
	case "developer":
		m.Role = "system"
	case "system", "user", "tool":
	default:
		return m, fmt.Errorf("role %q: want system, user, assistant or tool", m.Role)
	}
	if err := content(&m, row["content"]); err != nil {
		return m, err
	}
	for _, name := range thoughts {
		if text, ok := row[name].(string); ok && text != "" {
			m.Reasoning = text
			break
		}
	}
	m.ToolCallID, _ = row["tool_call_id"].(string)
	if calls, ok := row["tool_calls"].([]any); ok {
		for _, c := range calls {
			object, ok := c.(map[string]any)
			if !ok {
				return m, fmt.Errorf("a tool call is an object")
			}
			call, err := toolCall(object)
			if err != nil {
				return m, err
			}
			m.ToolCalls = append(m.ToolCalls, call)
		}
	}
	return m, weigh(&m, row)
}

// learnt are the names under which data sets say whether an answer is learnt: OpenAI's and Qianfan's, Bailian's and
// Volcengine's, Axolotl's, ms-swift's.
var learnt = []string{"weight", "loss_weight", "train", "loss"}

// weigh reads whether a message is learnt: 0 or 1, true or false, under any of the names. A part of a weight is refused: nothing
// behind would heed it.
func weigh(m *schemas.Message, row map[string]any) error {
	for _, name := range learnt {
		v := row[name]
		if v == nil {
			continue
		}
		w, ok := number(v)
		if yes, is := v.(bool); is {
			ok = true
			if yes {
				w = 1
			}
		}
		switch {
		case !ok || w != 0 && w != 1:
			return fmt.Errorf("%s %v: want 0 or 1", name, v)
		case m.Role == "assistant":
			m.LossWeight = min(m.LossWeight, w)
		case w == 1:
			return fmt.Errorf("%s on a %s message: only the assistant's are trained", name, m.Role)
		}
	}
	return nil
}

// thoughts are the names under which data sets keep what an assistant thought, as chat templates alias them.
var thoughts = []string{"reasoning_content", "reasoning", "thinking"}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// content fills in a message's content: text, null, or a list of parts {type: text, text}. Parts of the types reasoning and
// tool_call, and value in place of text, are what agent data sets write.
func content(m *schemas.Message, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		m.Content = v
		return nil
	case []any:
		for _, p := range v {
			if err := part(m, p); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("content is %T: want text", v)
}

func part(m *schemas.Message, v any) error {
	object, _ := v.(map[string]any)
	text, ok := object["text"].(string)
	if !ok {
		if text, ok = object["value"].(string); !ok {
			return fmt.Errorf("a content part is no text: images and sound cannot be trained here")
		}
	}
	switch kind, _ := object["type"].(string); kind {
	case "reasoning":
		m.Reasoning += text
	case "tool_call":
		calls, err := toolCalls(text)
		if err != nil {
			return err
		}
		m.ToolCalls = append(m.ToolCalls, calls...)
	case "text", "":
		m.Content += text
	default:
		return fmt.Errorf("a content part is of type %q: want text, reasoning or tool_call", kind)
	}
	return nil
}

func tools(v any) (string, error) {
	if s, ok := v.(string); ok {
		if strings.TrimSpace(s) == "" {
			return "", nil
		}
		if err := decode(s, &v); err != nil {
			return "", err
		}
	}
	if v == nil {
		return "", nil
	}
	items, ok := v.([]any)
	if !ok {
		return "", fmt.Errorf("want a JSON array of tool definitions")
	}
	if len(items) == 0 {
		return "", nil
	}
	return canonical(items)
}
