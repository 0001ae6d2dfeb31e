package format

import (
	"encoding/json"
	"iter"
	"strings"

	"fettle/schemas"
)

func init() {
	register("sharegpt", &ShareGPT{Conversations: "conversations", System: "system", Tools: "tools"})
}

// ShareGPT reads {conversations: [{from, value, weight}], system, tools}, and iFlytek Spark's dialogue files, which are of this form.
// human and observation stand on odd places, gpt and function_call on even ones; system comes first or in its own column.
type ShareGPT struct {
	Conversations string `json:"conversations" jsonschema:"column of the turns"`
	System        string `json:"system" jsonschema:"column of the system prompt"`
	Tools         string `json:"tools" jsonschema:"column of the tool definitions, a JSON array in a string"`
}

// columns implements columned.
func (s *ShareGPT) columns() (must, may []string) {
	return []string{s.Conversations}, []string{s.System, s.Tools}
}

// Passes implements Shape.
func (s *ShareGPT) Passes() int { return 1 }

// Convert implements Shape.
func (s *ShareGPT) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) { return s.convert(r) })
}

func (s *ShareGPT) convert(r *Record) (schemas.Conversation, error) {
	c := schemas.Conversation{Origin: r.Origin, Split: r.Split, System: r.Text(s.System), Tools: strings.TrimSpace(r.Text(s.Tools))}
	if c.Tools != "" && !json.Valid([]byte(c.Tools)) {
		return c, bad("bad_tools", "column %s is no JSON", s.Tools)
	}
	turns, err := list(r.Value(s.Conversations))
	if err != nil {
		return c, bad("bad_turns", "column %s: %v", s.Conversations, err)
	}
	for i, t := range turns {
		from, _ := t["from"].(string)
		value, ok := t["value"].(string)
		if !ok {
			return c, bad("bad_turns", "turn %d has no text in value", i+1)
		}
		if from == "system" {
			if i > 0 {
				return c, bad("late_system", "turn %d is a system turn: it comes first", i+1)
			}
			c.System = value
			continue
		}
		m, err := sharegptTurn(from, value, i+1)
		if err != nil {
			return c, err
		}
		if err := weigh(&m[0], t); err != nil {
			return c, bad("bad_turns", "turn %d: %v", i+1, err)
		}
		c.Messages = append(c.Messages, m...)
	}
	return c, alternate(c.Messages)
}

func sharegptTurn(from, value string, number int) ([]schemas.Message, error) {
	switch from {
	case "human":
		return []schemas.Message{user(value)}, nil
	case "gpt":
		return []schemas.Message{assistant(value)}, nil
	case "observation":
		return []schemas.Message{{Role: "tool", Content: value}}, nil
	case "function_call":
		calls, err := toolCalls(value)
		if err != nil {
			return nil, bad("bad_function_call", "turn %d: %v", number, err)
		}
		return []schemas.Message{{Role: "assistant", ToolCalls: calls, LossWeight: 1}}, nil
	}
	return nil, bad("unknown_role", "turn %d is from %q: want human, gpt, observation, function_call or system", number, from)
}

// alternate checks that the asking side (user, tool) and the assistant take turns, the asking side first, the assistant last.
func alternate(messages []schemas.Message) error {
	if len(messages) == 0 {
		return bad("no_turns", "there is no turn")
	}
	for i, m := range messages {
		if answers := m.Role == "assistant"; answers != (i%2 == 1) {
			want := "a user or tool turn"
			if i%2 == 1 {
				want = "an assistant turn"
			}
			return bad("bad_order", "turn %d is from %s where %s belongs", i+1, m.Role, want)
		}
	}
	if len(messages)%2 == 1 {
		return bad("no_answer", "the last turn is not the assistant's")
	}
	return nil
}
