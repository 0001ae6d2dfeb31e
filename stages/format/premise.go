package format

import (
	"strings"

	"fettle/schemas"
)

// premise is what stands before a judged answer: the settings and the reading that preference and kto share.
type premise struct {
	Prompt  string `json:"prompt" jsonschema:"column of the prompt: text, or messages; where the table has none, it is what the answers begin with"`
	Query   string `json:"query" jsonschema:"column put on a new line behind a prompt of text (Alpaca: input)"`
	History string `json:"history" jsonschema:"column of the earlier turns, [question, answer] pairs"`
	System  string `json:"system" jsonschema:"column of the system prompt"`
	Tools   string `json:"tools" jsonschema:"column of the tool definitions"`
}

var usualPremise = premise{Prompt: "prompt", History: "history", System: "system", Tools: "tools"}

func (p premise) columns() []string { return []string{p.Prompt, p.Query, p.History, p.System, p.Tools} }

// compares implements comparing.
func (premise) compares() bool { return true }

// prompt puts the parts of a prompt together: the earlier turns and the columns of the question.
func (p premise) prompt(r *Record) ([]schemas.Message, error) {
	d, err := readDialogue(r.Value(p.Prompt))
	if err != nil {
		return nil, bad("bad_prompt", "column %s: %v", p.Prompt, err)
	}
	turns, err := pairs(r.Value(p.History))
	if err != nil {
		return nil, bad("bad_history", "column %s: %v", p.History, err)
	}
	var out []schemas.Message
	for _, t := range turns {
		out = append(out, user(t[0]), assistant(t[1]))
	}
	if more := r.Text(p.Query); more != "" && d.messages == nil {
		d.text = strings.TrimPrefix(d.text+"\n"+more, "\n")
	}
	return append(out, d.as("user")...), nil
}

// setting takes the system message, if one leads the prompt, and what the columns say of system and tools. Nothing of a
// prompt is learnt.
func (p premise) setting(r *Record, prompt []schemas.Message) (c schemas.Conversation, rest []schemas.Message, err error) {
	c = schemas.Conversation{Origin: r.Origin, Split: r.Split, System: r.Text(p.System)}
	if c.Tools, err = tools(r.Value(p.Tools)); err != nil {
		return c, nil, bad("bad_tools", "column %s: %v", p.Tools, err)
	}
	if len(prompt) > 0 && prompt[0].Role == "system" {
		c.System, prompt = prompt[0].Content, prompt[1:]
	}
	if len(prompt) == 0 {
		return c, nil, bad("no_prompt", "there is no turn before the answer")
	}
	for i, m := range prompt {
		if m.Role == "system" {
			return c, nil, bad("late_system", "message %d of the prompt is a system message: it comes first", i+1)
		}
		m.LossWeight = 0
		rest = append(rest, m)
	}
	last := rest[len(rest)-1]
	if last.Role == "assistant" {
		return c, nil, bad("bad_order", "the prompt ends with an answer")
	}
	if strings.TrimSpace(last.Content) == "" {
		return c, nil, bad("empty_prompt", "the last message of the prompt is empty")
	}
	return c, rest, nil
}
