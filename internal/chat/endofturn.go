package chat

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"fettle/schemas"
)

// endOfTurn finds the texts that end an assistant's turn: the last special token that the template prints behind an answer (and
// behind a call) both where the conversation ends and where it goes on. A template that prints none (the next role's token
// ends the turn) ends it by what generation_config.json stops at, else by eos_token.
func endOfTurn(dir string, t *Template, config *tokenizerConfig) ([]string, error) {
	tokens, err := addedTokens(dir, config)
	if err != nil {
		return nil, err
	}
	ends := t.ending(tokens)
	if len(ends) > 0 {
		return append(ends, t.callEnding(ends, tokens)...), nil
	}
	if ends, err = stops(dir, tokens); len(ends) > 0 || err != nil {
		return ends, err
	}
	if eos := t.Special["eos_token"]; eos != "" {
		ends = append(ends, eos)
	}
	return ends, nil
}

// Texts that no template contains, and a tool.
const (
	probe      = "Qx7 probe zV9"
	nextProbe  = "Wk3 probe jH8"
	probeTools = `[{"type":"function","function":{"name":"probe","description":"Probe.","parameters":{"type":"object",` +
		`"properties":{"value":{"type":"string","description":"Any."}},"required":["value"]}}}]`
)

// ending compares what follows an answer at the end and before the next turn.
func (t *Template) ending(tokens map[int]string) []string {
	answer := schemas.Message{Role: "assistant", Content: probe}
	next := schemas.Message{Role: "user", Content: nextProbe}
	final, going, common := t.behind("", answer, next)
	opens := t.openers(answer, tokens)
	found := slices.DeleteFunc(find(common, tokens), func(token string) bool { return slices.Contains(opens, token) })
	if len(found) > 0 {
		return found[len(found)-1:]
	}
	var out []string
	if found := find(final, tokens); len(found) > 0 { // another token ends the conversation than a turn within it
		out = append(out, found[0])
		if found := find(going, tokens); len(found) > 1 { // of one alone, it opens the next turn
			out = append(out, found[0])
		}
	}
	return out
}

// openers are the tokens that open the answer's turn: those between the question and the answer but for the first, which may
// end the question. Some templates print them behind the last turn whether asked or not.
func (t *Template) openers(answer schemas.Message, tokens map[int]string) []string {
	question := schemas.Message{Role: "user", Content: probe}
	answer.Content = nextProbe
	between, _, _ := strings.Cut(t.behindProbe(schemas.Conversation{Messages: []schemas.Message{question, answer}}), nextProbe)
	found := find(between, tokens)
	return found[min(1, len(found)):]
}

// callEnding is the token that ends a turn of calls, where that is none of those that end an answer.
func (t *Template) callEnding(ends []string, tokens map[int]string) []string {
	call := schemas.Message{Role: "assistant", ToolCalls: []schemas.ToolCall{{ID: "call00001", Name: "probe", Arguments: `{"value":"` + probe + `"}`}}}
	next := schemas.Message{Role: "tool", Content: nextProbe, ToolCallID: "call00001"}
	_, _, common := t.behind(probeTools, call, next)
	found := find(common, tokens)
	if len(found) == 0 || slices.ContainsFunc(found, func(end string) bool { return slices.Contains(ends, end) }) {
		return nil
	}
	return found[len(found)-1:]
}

// behind is what follows the probe in a turn that is the last, in one before another, and what both begin with.
func (t *Template) behind(tools string, turn, next schemas.Message) (final, going, common string) {
	user := schemas.Message{Role: "user", Content: "Hello"}
	final = t.behindProbe(schemas.Conversation{Messages: []schemas.Message{user, turn}, Tools: tools})
	going, _, _ = strings.Cut(t.behindProbe(schemas.Conversation{Messages: []schemas.Message{user, turn, next}, Tools: tools}), nextProbe)
	n := 0
	for n < min(len(final), len(going)) && final[n] == going[n] {
		n++
	}
	return final, going, final[:n]
}

// behindProbe is the text behind the probe, "" where the template cannot render the conversation.
func (t *Template) behindProbe(c schemas.Conversation) string {
	in, err := FromConversation(c)
	if err != nil {
		return ""
	}
	res, err := t.render(in, Full, RenderOptions{Now: probeTime})
	if err != nil {
		return ""
	}
	at := strings.LastIndex(res.Text, probe)
	if at < 0 {
		return ""
	}
	return res.Text[at+len(probe):]
}

// find lists the tokens of a text in order, the longest where several begin.
func find(text string, tokens map[int]string) []string {
	var out []string
	for text != "" {
		best, where := "", len(text)
		for _, token := range tokens {
			if i := strings.Index(text, token); i >= 0 && (i < where || i == where && len(token) > len(best)) {
				best, where = token, i
			}
		}
		if best == "" {
			break
		}
		out, text = append(out, best), text[where+len(best):]
	}
	return out
}

// addedTokens maps ids to the texts of the tokens beside the vocabulary.
func addedTokens(dir string, config *tokenizerConfig) (map[int]string, error) {
	out := map[int]string{}
	var file struct {
		Added []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
	}
	if err := readJSON(filepath.Join(dir, "tokenizer.json"), &file); err != nil {
		return nil, err
	}
	for _, a := range file.Added {
		if a.Content != "" {
			out[a.ID] = a.Content
		}
	}
	if eos := config.special()["eos_token"]; eos != "" {
		out[-1] = eos
	}
	return out, nil
}

// stops are the texts of the ids at which generation_config.json ends: one id or several.
func stops(dir string, tokens map[int]string) ([]string, error) {
	var config struct {
		EOS json.RawMessage `json:"eos_token_id"`
	}
	if err := readJSON(filepath.Join(dir, "generation_config.json"), &config); err != nil {
		return nil, err
	}
	var ids []int
	if json.Unmarshal(config.EOS, &ids) != nil {
		var one int
		if json.Unmarshal(config.EOS, &one) == nil {
			ids = []int{one}
		}
	}
	var out []string
	for _, id := range ids {
		if text, ok := tokens[id]; ok {
			out = append(out, text)
		}
	}
	return out, nil
}
