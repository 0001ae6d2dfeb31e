package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"fettle/schemas"
)

// toolCalls reads one call {"name", "arguments"} or a list of them from JSON.
func toolCalls(text string) ([]schemas.ToolCall, error) {
	var v any
	if err := decode(text, &v); err != nil {
		return nil, fmt.Errorf("want JSON {name, arguments}: %w", err)
	}
	calls, ok := v.([]any)
	if !ok {
		calls = []any{v}
	}
	var out []schemas.ToolCall
	for _, c := range calls {
		m, ok := c.(map[string]any)
		if !ok {
			return nil, errors.New("a call is an object {name, arguments}")
		}
		call, err := toolCall(m)
		if err != nil {
			return nil, err
		}
		out = append(out, call)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no call")
	}
	return out, nil
}

// toolCall reads a call whose arguments are an object or, as OpenAI writes them, JSON in a string.
func toolCall(m map[string]any) (schemas.ToolCall, error) {
	if f, ok := m["function"].(map[string]any); ok { // OpenAI's {id, type, function: {name, arguments}}
		id, _ := m["id"].(string)
		call, err := toolCall(f)
		call.ID = id
		return call, err
	}
	name, ok := m["name"].(string)
	if !ok || name == "" {
		return schemas.ToolCall{}, errors.New("a call has a name")
	}
	arguments, ok := m["arguments"]
	if s, isText := arguments.(string); ok && isText {
		if err := decode(s, &arguments); err != nil {
			return schemas.ToolCall{}, fmt.Errorf("arguments of %s are no JSON: %w", name, err)
		}
	}
	if arguments == nil {
		arguments = map[string]any{}
	}
	raw, err := canonical(arguments)
	return schemas.ToolCall{Name: name, Arguments: raw}, err
}

func decode(text string, v *any) error {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber() // 2^53 and above stay exact
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("there is more behind the JSON value")
	}
	return nil
}

// canonical is JSON with sorted keys, without HTML escapes.
func canonical(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

// list is a column that holds a list of objects, as such or as JSON in a string.
func list(v any) ([]map[string]any, error) {
	if s, ok := v.(string); ok {
		if err := decode(s, &v); err != nil {
			return nil, fmt.Errorf("want a list of objects: %w", err)
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("want a list of objects, got %T", v)
	}
	var out []map[string]any
	for i, e := range items {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("entry %d is no object", i+1)
		}
		out = append(out, m)
	}
	return out, nil
}
