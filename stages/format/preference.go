package format

import (
	"iter"
	"strings"

	"fettle/schemas"
)

func init() {
	register("preference", &Preference{premise: usualPremise, Chosen: "chosen", Rejected: "rejected"})
}

// Preference reads pairs of answers for dpo and orpo: TRL's {prompt, chosen, rejected} with texts or messages, with the
// prompt in a column of its own or in both answers (UltraFeedback, Anthropic's HH dialogues), LLaMA-Factory's ranking data
// ({prompt: instruction, query: input} for Alpaca's form, {prompt: conversations} for ShareGPT's).
type Preference struct {
	premise
	Chosen   string `json:"chosen" jsonschema:"column of the better answer: text, a message, or messages"`
	Rejected string `json:"rejected" jsonschema:"column of the worse answer"`
}

// columns implements columned.
func (p *Preference) columns() (must, may []string) {
	return []string{p.Chosen, p.Rejected}, p.premise.columns()
}

// Passes implements Shape.
func (p *Preference) Passes() int { return 1 }

// Convert implements Shape: the chosen conversation, then the rejected one.
func (p *Preference) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return func(yield func(schemas.Conversation, error) bool) {
		c, prompt, answers, err := p.convert(r)
		if err != nil {
			yield(c, err)
			return
		}
		for i, side := range []string{schemas.Chosen, schemas.Rejected} {
			if !yield(onSide(c, side, prompt, answers[i]), nil) {
				return
			}
		}
	}
}

// onSide is a conversation of preference data, with an id of its own.
func onSide(c schemas.Conversation, side string, prompt, answer []schemas.Message) schemas.Conversation {
	c.ID, c.Side = shortHash(c.ID, side), side
	c.Messages = append(append([]schemas.Message{}, prompt...), answer...)
	return c
}

func (p *Preference) convert(r *Record) (c schemas.Conversation, prompt []schemas.Message, answers [2][]schemas.Message, err error) {
	if prompt, err = p.prompt(r); err != nil {
		return c, nil, answers, err
	}
	var said [2]dialogue
	for i, column := range []string{p.Chosen, p.Rejected} {
		if said[i], err = readDialogue(r.Value(column)); err != nil {
			return c, nil, answers, bad("bad_answer", "column %s: %v", column, err)
		}
	}
	if prompt, answers, err = parted(prompt, said[0], said[1]); err != nil {
		return c, nil, answers, err
	}
	if c, prompt, err = p.setting(r, prompt); err != nil {
		return c, nil, answers, err
	}
	for i, which := range []string{"chosen", "rejected"} {
		if err := answered(which, answers[i]); err != nil {
			return c, nil, answers, err
		}
	}
	return c, prompt, answers, nil
}

// parted finds the prompt and the answers where the answers may hold the prompt.
func parted(prompt []schemas.Message, chosen, rejected dialogue) ([]schemas.Message, [2][]schemas.Message, error) {
	if chosen.empty() || rejected.empty() {
		return nil, [2][]schemas.Message{}, bad("empty_answer", "an answer is empty")
	}
	if chosen.messages == nil && rejected.messages == nil && len(prompt) == 0 {
		if chosen.text == rejected.text {
			return nil, [2][]schemas.Message{}, bad("equal_answers", "both answers say the same")
		}
		if p := prefixText(chosen.text, rejected.text); p != "" {
			prompt, chosen.text, rejected.text = []schemas.Message{user(p)}, strings.TrimPrefix(chosen.text, p), strings.TrimPrefix(rejected.text, p)
		}
	}
	answers := [2][]schemas.Message{chosen.as("assistant"), rejected.as("assistant")}
	if sameMessages(answers[0], answers[1]) {
		return nil, answers, bad("equal_answers", "both answers say the same")
	}
	if !chosen.whole() && !rejected.whole() {
		return prompt, answers, nil
	}
	n := prefix(answers[0], answers[1])
	shared := answers[0][:n]
	if n == 0 || n < len(answers[0]) && answers[0][n].Role != "assistant" || n < len(answers[1]) && answers[1][n].Role != "assistant" {
		return nil, answers, bad("prompts_differ", "the conversations part at message %d, before an answer", n+1)
	}
	if len(prompt) > 0 && !holds(shared, prompt[len(prompt)-1].Content) {
		return nil, answers, bad("prompts_differ", "the prompt is not in the turns that both conversations begin with")
	}
	return shared, [2][]schemas.Message{answers[0][n:], answers[1][n:]}, nil
}

// holds says whether one of the messages says a text.
func holds(messages []schemas.Message, text string) bool {
	for _, m := range messages {
		if strings.TrimSpace(m.Content) == strings.TrimSpace(text) {
			return true
		}
	}
	return false
}
