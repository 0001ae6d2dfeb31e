package format

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"fettle/schemas"
)

func init() {
	register("alpaca", &Alpaca{Prompt: "instruction", Query: "input", Response: "output", System: "system", History: "history"})
}

// Alpaca reads instruction rows {instruction, input, output, system, history}; iFlytek Spark's instruction files are of this
// form, their dataset_info.json mapping goes into the column names. history is a list of [question, answer] pairs, as a list,
// as JSON in a string, as "" or null.
type Alpaca struct {
	Prompt   string `json:"prompt" jsonschema:"column of the instruction"`
	Query    string `json:"query" jsonschema:"column of the input, put on a new line behind the instruction"`
	Response string `json:"response" jsonschema:"column of the answer"`
	System   string `json:"system" jsonschema:"column of the system prompt"`
	History  string `json:"history" jsonschema:"column of the earlier turns, whose answers are trained on"`
}

// columns implements columned.
func (a *Alpaca) columns() (must, may []string) {
	return []string{a.Prompt, a.Response}, []string{a.Query, a.System, a.History}
}

// Passes implements Shape.
func (a *Alpaca) Passes() int { return 1 }

// Convert implements Shape.
func (a *Alpaca) Convert(r *Record, _ int) iter.Seq2[schemas.Conversation, error] {
	return one(func() (schemas.Conversation, error) { return a.convert(r) })
}

func (a *Alpaca) convert(r *Record) (schemas.Conversation, error) {
	c := schemas.Conversation{Origin: r.Origin, Split: r.Split, System: r.Text(a.System)}
	turns, err := pairs(r.Value(a.History))
	if err != nil {
		return c, bad("bad_history", "column %s: %v", a.History, err)
	}
	for _, t := range turns {
		c.Messages = append(c.Messages, user(t[0]), assistant(t[1]))
	}
	var parts []string
	for _, part := range []string{r.Text(a.Prompt), r.Text(a.Query)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	prompt, response := strings.Join(parts, "\n"), r.Text(a.Response)
	if prompt == "" {
		return c, bad("empty_prompt", "columns %s and %s are empty", a.Prompt, a.Query)
	}
	if response == "" {
		return c, bad("empty_response", "column %s is empty", a.Response)
	}
	c.Messages = append(c.Messages, user(prompt), assistant(response))
	return c, nil
}

// pairs reads [[q, a], ...] in its spellings.
func pairs(v any) ([][2]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, nil
		}
		var list any
		if err := json.Unmarshal([]byte(v), &list); err != nil {
			return nil, fmt.Errorf("want a list of [question, answer] pairs: %w", err)
		}
		return pairs(list)
	case []any:
		var out [][2]string
		for i, e := range v {
			turn, ok := e.([]any)
			if !ok || len(turn) != 2 {
				return nil, fmt.Errorf("turn %d is no [question, answer] pair", i+1)
			}
			q, ok1 := turn[0].(string)
			a, ok2 := turn[1].(string)
			if !ok1 || !ok2 {
				return nil, fmt.Errorf("turn %d: question and answer are text", i+1)
			}
			out = append(out, [2]string{q, a})
		}
		return out, nil
	}
	return nil, fmt.Errorf("want a list of [question, answer] pairs, got %T", v)
}

func user(text string) schemas.Message { return schemas.Message{Role: "user", Content: text} }

func assistant(text string) schemas.Message {
	return schemas.Message{Role: "assistant", Content: text, LossWeight: 1}
}

// one yields the single conversation of a row.
func one(convert func() (schemas.Conversation, error)) iter.Seq2[schemas.Conversation, error] {
	return func(yield func(schemas.Conversation, error) bool) { yield(convert()) }
}
