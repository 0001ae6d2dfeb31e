package format

import (
	"fmt"
	"regexp"
	"strings"

	"fettle/schemas"
)

// dialogue is a column of preference data in any of its forms: text, one message, a list of messages ({role, content} or
// {from, value}), such a list as JSON in a string, or a whole dialogue in a text, as Anthropic's HH data are written.
type dialogue struct {
	text     string            // where it is one text
	messages []schemas.Message // else
}

func (d dialogue) empty() bool { return d.messages == nil && strings.TrimSpace(d.text) == "" }

// whole says whether it begins with the prompt rather than with the answer.
func (d dialogue) whole() bool { return len(d.messages) > 0 && d.messages[0].Role != "assistant" }

// as gives its messages; a text is what role says.
func (d dialogue) as(role string) []schemas.Message {
	switch {
	case d.messages != nil || d.empty():
		return d.messages
	case role == "assistant":
		return []schemas.Message{assistant(d.text)}
	}
	return []schemas.Message{{Role: role, Content: d.text}}
}

func readDialogue(v any) (dialogue, error) {
	switch v := v.(type) {
	case nil:
		return dialogue{}, nil
	case string:
		if strings.HasPrefix(strings.TrimSpace(v), "[{") {
			if rows, err := list(v); err == nil {
				return readTurns(rows)
			}
		}
		if m := spoken(v); m != nil {
			return dialogue{messages: m}, nil
		}
		return dialogue{text: v}, nil
	case map[string]any:
		return readTurns([]map[string]any{v})
	}
	rows, err := list(v)
	if err != nil {
		return dialogue{}, err
	}
	return readTurns(rows)
}

func readTurns(rows []map[string]any) (dialogue, error) {
	d := dialogue{messages: []schemas.Message{}}
	for i, row := range rows {
		if from, ok := row["from"].(string); ok {
			value, _ := row["value"].(string)
			if from == "system" {
				d.messages = append(d.messages, schemas.Message{Role: "system", Content: value})
				continue
			}
			m, err := sharegptTurn(from, value, i+1)
			if err != nil {
				return d, err
			}
			d.messages = append(d.messages, m...)
			continue
		}
		m, err := message(row)
		if err != nil {
			return d, fmt.Errorf("message %d: %w", i+1, err)
		}
		d.messages = append(d.messages, m)
	}
	return d, nil
}

var speaker = regexp.MustCompile(`(?:^|\n\n)(Human|Assistant):`)

// spoken reads "\n\nHuman: ...\n\nAssistant: ..."; nil where a text is no such dialogue. A last turn without words, which asks
// for the answer, is left out.
func spoken(text string) []schemas.Message {
	text = strings.TrimSpace(text)
	marks := speaker.FindAllStringSubmatchIndex(text, -1)
	if len(marks) == 0 || marks[0][0] != 0 || text[marks[0][2]:marks[0][3]] != "Human" {
		return nil
	}
	var out []schemas.Message
	for i, at := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		said := strings.TrimSpace(text[at[1]:end])
		switch {
		case text[at[2]:at[3]] == "Human":
			out = append(out, user(said))
		case said != "" || i+1 < len(marks):
			out = append(out, assistant(said))
		}
	}
	return out
}

// prefix is what two lists of messages begin with.
func prefix(a, b []schemas.Message) int {
	n := 0
	for n < len(a) && n < len(b) && sameMessage(a[n], b[n]) {
		n++
	}
	return n
}

// sameMessage compares what is said, not what is learnt of it.
func sameMessage(a, b schemas.Message) bool {
	if a.Role != b.Role || a.Content != b.Content || a.Reasoning != b.Reasoning || a.ToolCallID != b.ToolCallID || len(a.ToolCalls) != len(b.ToolCalls) {
		return false
	}
	for i := range a.ToolCalls {
		if a.ToolCalls[i] != b.ToolCalls[i] {
			return false
		}
	}
	return true
}

func sameMessages(a, b []schemas.Message) bool { return len(a) == len(b) && prefix(a, b) == len(a) }

// prefixText is what two texts begin with, cut before a blank that both answers begin with (as TRL's extract_prompt does).
func prefixText(a, b string) string {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	if n > 0 && x[n-1] == ' ' {
		n--
	}
	return string(x[:n])
}

// answered checks an answer: the assistant begins and ends it, and says something each time.
func answered(which string, answer []schemas.Message) error {
	if len(answer) == 0 {
		return bad("empty_answer", "the %s answer is empty", which)
	}
	for i, m := range answer {
		if m.Role == "system" {
			return bad("late_system", "message %d of the %s answer is a system message", i+1, which)
		}
		if m.Role == "assistant" && strings.TrimSpace(m.Content+m.Reasoning) == "" && len(m.ToolCalls) == 0 {
			return bad("empty_answer", "the %s answer is empty", which)
		}
	}
	for _, i := range []int{0, len(answer) - 1} {
		if answer[i].Role != "assistant" {
			return bad("bad_order", "message %d of the %s answer is from %s, not from the assistant", i+1, which, answer[i].Role)
		}
	}
	return nil
}
