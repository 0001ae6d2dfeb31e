package chat

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"fettle/schemas"
)

// endOfTurn finds the texts that end an assistant's turn: the special tokens that the template prints right behind an answer,
// a call, and an answer within a longer conversation. A template that prints none (the next role's token ends the turn) ends
// it by what generation_config.json stops at, else by eos_token.
func endOfTurn(dir string, t *Template, config *tokenizerConfig) ([]string, error) {
	tokens, err := addedTokens(dir, config)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range probes() {
		if text := t.follows(c, tokens); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if out, err = stops(dir, tokens); len(out) > 0 || err != nil {
		return out, err
	}
	if eos := t.Special["eos_token"]; eos != "" {
		out = append(out, eos)
	}
	return out, nil
}

// probe is an answer that no template contains.
const probe = "Qx7 probe zV9"

func probes() []schemas.Conversation {
	user := schemas.Message{Role: "user", Content: "Hello"}
	answer := schemas.Message{Role: "assistant", Content: probe}
	call := schemas.Message{Role: "assistant", ToolCalls: []schemas.ToolCall{{ID: "call00001", Name: "probe", Arguments: `{"value":"` + probe + `"}`}}}
	return []schemas.Conversation{
		{Messages: []schemas.Message{user, answer}},
		{Messages: []schemas.Message{user, answer, user}},
		{Messages: []schemas.Message{user, call}, Tools: `[{"type":"function","function":{"name":"probe","description":"","parameters":{"type":"object","properties":{}}}}]`},
	}
}

// follows renders a probe and returns the first token behind it. What the next turn opens with does not count: it must stand
// before any line of text begins.
func (t *Template) follows(c schemas.Conversation, tokens map[int]string) string {
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
	rest := res.Text[at+len(probe):]
	best, where := "", len(rest)
	for _, token := range tokens {
		if i := strings.Index(rest, token); i >= 0 && (i < where || i == where && len(token) > len(best)) {
			best, where = token, i
		}
	}
	if where > 0 && len(c.Messages) == 3 { // something else stands between: the next turn may have begun
		return ""
	}
	if isRole(best) {
		return ""
	}
	return best
}

// isRole knows the tokens that open a turn and cannot end one by the template's own doing.
func isRole(token string) bool {
	return slices.Contains([]string{"<|user|>", "<|observation|>", "<|im_start|>", "<|start|>", "<start_of_turn>"}, token)
}

// addedTokens maps ids to the texts of the tokens beside the vocabulary.
func addedTokens(dir string, config *tokenizerConfig) (map[int]string, error) {
	out := map[int]string{}
	var file struct {
		Added []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens"`
	}
	if err := readJSON(filepath.Join(dir, "tokenizer.json"), &file); err != nil {
		return nil, err
	}
	for _, a := range file.Added {
		if a.Special || strings.HasPrefix(a.Content, "<") {
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
