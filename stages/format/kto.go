package format

import (
	"fmt"
	"iter"
	"strings"

	"fettle/schemas"
)

func init() {
	register("kto", &KTO{premise: usualPremise, Completion: "completion", Label: "label", Rotate: 8})
}

// KTO reads single answers that were judged: TRL's {prompt, completion, label}, and LLaMA-Factory's kto data ({prompt:
// instruction, query: input, completion: output, label: kto_tag}; {prompt: conversations, label: kto_tag}, where the last turn
// is the answer). Behind each stands the same prompt with the answer of another row, on which kto estimates how far the model
// has moved: answers are passed on, one row down, in groups of Rotate rows, as TRL does.
type KTO struct {
	premise
	Completion string `json:"completion" jsonschema:"column of the answer: text, a message, or messages; where the table has none, it is the end of the prompt"`
	Label      string `json:"label" jsonschema:"column that says whether the answer is desirable: true or false, 1 or 0"`
	Rotate     int    `json:"rotate" check:"min=2" jsonschema:"rows whose answers are passed on to make mismatched ones (TRL: per_device_train_batch_size)"`
}

// columns implements columned.
func (k *KTO) columns() (must, may []string) {
	return []string{k.Label}, append(k.premise.columns(), k.Completion)
}

// Passes implements Shape.
func (k *KTO) Passes() int { return 1 }

// Convert implements Shape; the mismatched conversation comes when the rows stand side by side.
func (k *KTO) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) { return k.convert(r) })
}

func (k *KTO) convert(r *Record) (c schemas.Conversation, err error) {
	side, err := k.side(r.Value(k.Label))
	if err != nil {
		return c, err
	}
	prompt, err := k.prompt(r)
	if err != nil {
		return c, err
	}
	d, err := readDialogue(r.Value(k.Completion))
	if err != nil {
		return c, bad("bad_answer", "column %s: %v", k.Completion, err)
	}
	answer := d.as("assistant")
	switch {
	case d.whole():
		prompt, answer = ending(answer)
	case d.empty() && !r.Has(k.Completion):
		prompt, answer = ending(prompt)
	}
	if c, prompt, err = k.setting(r, prompt); err != nil {
		return c, err
	}
	if err := answered(side, answer); err != nil {
		return c, err
	}
	return onSide(c, side, prompt, answer), nil
}

// ending parts a whole conversation before its last run of answers.
func ending(messages []schemas.Message) (prompt, answer []schemas.Message) {
	n := len(messages)
	for n > 0 && messages[n-1].Role == "assistant" {
		n--
	}
	return messages[:n], messages[n:]
}

func (k *KTO) side(v any) (string, error) {
	if text, ok := v.(string); ok {
		v = map[string]any{"true": true, "false": false, "1": true, "0": false}[strings.ToLower(strings.TrimSpace(text))]
	}
	if n, ok := number(v); ok && (n == 0 || n == 1) {
		v = n == 1
	}
	switch v {
	case true:
		return schemas.Desirable, nil
	case false:
		return schemas.Undesirable, nil
	}
	if text := fmt.Sprint(v); v != nil && len(text) <= 40 {
		return "", bad("bad_label", "column %s: got %s, want true or false", k.Label, text)
	}
	return "", bad("bad_label", "column %s: want true or false", k.Label)
}

// rotated is a shape whose answers are passed on.
type rotated interface{ rotation() int }

func (k *KTO) rotation() int { return k.Rotate }

// passed says for each of n rows whose answer it is given: the row's before it, in groups; the first of a group takes the last
// one's. A group of one at the end joins the one before.
func passed(n, group int) []int {
	other := make([]int, 0, n)
	for from := 0; from < n; {
		to := min(from+group, n)
		if n-to == 1 {
			to++
		}
		for i := from; i < to; i++ {
			other = append(other, from+(i-from+to-from-1)%(to-from))
		}
		from = to
	}
	return other
}

// mismatch puts behind every conversation its prompt with the answer of another.
func mismatch(window []schemas.Conversation, group int) ([]schemas.Conversation, error) {
	if len(window) < 2 {
		return nil, fmt.Errorf("kto needs two answers at least that can be used: there are %d", len(window))
	}
	var out []schemas.Conversation
	for i, at := range passed(len(window), group) {
		other := window[at]
		prompt, _ := turned(window[i])
		_, answer := turned(other)
		c := window[i]
		c.ID, c.Side, c.Meta = shortHash(c.ID, schemas.Mismatched), schemas.Mismatched, fmt.Sprintf(`{"answer_of":%q}`, other.ID)
		c.Messages = append(append([]schemas.Message{}, prompt...), answer...)
		out = append(out, window[i], c)
	}
	return out, nil
}

// turned parts a conversation before the first turn that is learnt.
func turned(c schemas.Conversation) (prompt, answer []schemas.Message) {
	for i, m := range c.Messages {
		if m.LossWeight != 0 {
			return c.Messages[:i], c.Messages[i:]
		}
	}
	return c.Messages, nil
}
