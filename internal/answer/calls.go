package answer

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

var (
	errNoCall = errors.New("it is no call")
	errCutOff = errors.New("it is cut off")
)

// innerMarks part the calls of those families that have marks within.
var innerMarks = []string{callBegin, callEnd, separator, argsMark, idMark}

const (
	callBegin, callEnd, separator = "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>" // DeepSeek
	argsMark, idMark              = "[ARGS]", "[CALL_ID]"                                      // Mistral since Small 3.2
)

// parseCalls reads what stands between marks: at least one call and nothing else.
func parseCalls(body string, tools Tools) ([]Call, error) {
	body = strings.Trim(body, blanks)
	switch {
	case strings.HasPrefix(body, "{") || strings.HasPrefix(body, "["):
		return jsonCalls(body)
	case strings.HasPrefix(body, callBegin):
		return deepseekCalls(body)
	case strings.HasPrefix(body, "<function="):
		return functionCalls(body, tools)
	case strings.Contains(body, argsMark):
		return mistralCall(body)
	case strings.Contains(body, "<arg_key>"):
		return glmCall(body, tools)
	}
	return nil, errNoCall
}

// jsonCalls reads objects, one behind the other or in a list.
func jsonCalls(body string) (calls []Call, err error) {
	for body != "" {
		var one json.RawMessage
		if body, err = value(body, &one); err != nil {
			return nil, err
		}
		objects := []json.RawMessage{one}
		if one[0] == '[' {
			if err := json.Unmarshal(one, &objects); err != nil {
				return nil, errNoCall
			}
		}
		for _, o := range objects {
			c, err := jsonCall(o)
			if err != nil {
				return nil, err
			}
			calls = append(calls, c)
		}
		body = strings.TrimLeft(body, blanks+";,")
	}
	if len(calls) == 0 {
		return nil, errNoCall
	}
	return calls, nil
}

// value reads the JSON value that a text begins with.
func value(text string, raw *json.RawMessage) (rest string, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	switch err := d.Decode(raw); {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "", errCutOff
	case err != nil:
		return "", errNoCall
	}
	return text[d.InputOffset():], nil
}

// jsonCall reads an object: name and arguments under the names that the families give them.
func jsonCall(raw json.RawMessage) (Call, error) {
	var o struct {
		ID         any             `json:"id"`
		Name       string          `json:"name"`
		ToolName   string          `json:"tool_name"`
		Function   json.RawMessage `json:"function"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return Call{}, errNoCall
	}
	if len(o.Function) > 0 && o.Function[0] == '{' {
		return jsonCall(o.Function)
	}
	c := Call{Name: o.Name}
	c.ID, _ = o.ID.(string)
	if c.Name == "" {
		if c.Name = o.ToolName; c.Name == "" && json.Unmarshal(o.Function, &c.Name) != nil {
			return Call{}, errNoCall
		}
	}
	given := o.Arguments
	if len(given) == 0 {
		given = o.Parameters
	}
	return c.with(given)
}

// with gives a call its arguments: an object, a text that holds one, or nothing.
func (c Call) with(arguments json.RawMessage) (Call, error) {
	var text string
	if json.Unmarshal(arguments, &text) == nil {
		arguments = json.RawMessage(text)
	}
	c.Arguments = strings.Trim(string(arguments), blanks)
	if c.Arguments == "" || c.Arguments == "null" {
		c.Arguments = "{}"
	}
	if c.Name == "" || c.Arguments[0] != '{' || !json.Valid([]byte(c.Arguments)) {
		return Call{}, errNoCall
	}
	return c, nil
}

// deepseekCalls reads calls in marks of their own: V3 and R1 say function, a separator, the name and a fenced object; V3.1 the
// name, a separator and the object.
func deepseekCalls(body string) (calls []Call, err error) {
	for body != "" {
		one, ok := strings.CutPrefix(body, callBegin)
		if !ok {
			return nil, errNoCall
		}
		one, rest, closed := strings.Cut(one, callEnd)
		if !closed {
			return nil, errCutOff
		}
		name, arguments, _ := strings.Cut(one, separator)
		if fenced, object, ok := strings.Cut(arguments, "```json"); ok {
			name, arguments = fenced, strings.TrimSuffix(strings.TrimRight(object, blanks), "```")
		}
		c, err := Call{Name: strings.Trim(name, blanks)}.with(json.RawMessage(strings.Trim(arguments, blanks)))
		if err != nil {
			return nil, err
		}
		calls, body = append(calls, c), strings.TrimLeft(rest, blanks)
	}
	return calls, nil
}

// mistralCall reads NAME[CALL_ID]ID[ARGS]{...}.
func mistralCall(body string) ([]Call, error) {
	head, arguments, _ := strings.Cut(body, argsMark)
	name, id, _ := strings.Cut(head, idMark)
	var raw json.RawMessage
	rest, err := value(arguments, &raw)
	if err != nil || strings.Trim(rest, blanks) != "" {
		return nil, errors.Join(errNoCall, err)
	}
	c, err := Call{Name: strings.Trim(name, blanks), ID: strings.Trim(id, blanks)}.with(raw)
	return []Call{c}, err
}

// callStarts are how a call in JSON without marks begins.
var callStarts = []string{`{"name":`, `{"type":"function"`, `{"function":`, `{"parameters":`, `{"arguments":`}

// mayBeCall says whether a text is the beginning of a call in JSON, or may become one.
func mayBeCall(text string) bool {
	head := strings.Join(strings.Fields(text[:min(len(text), 200)]), "")
	for _, s := range callStarts {
		if strings.HasPrefix(head, s) || strings.HasPrefix(s, head) {
			return true
		}
	}
	return false
}
