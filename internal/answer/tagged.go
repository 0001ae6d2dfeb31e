package answer

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Tools are the tools that may be called: for each its arguments' types.
type Tools map[string]map[string][]string

// ParseTools reads tools as OpenAI's API gives them. What has no name is left out.
func ParseTools(raw []byte) Tools {
	type schema struct {
		Type  any `json:"type"`
		AnyOf []struct {
			Type any `json:"type"`
		} `json:"anyOf"`
	}
	var list []struct {
		Function struct {
			Name       string `json:"name"`
			Parameters struct {
				Properties map[string]schema `json:"properties"`
			} `json:"parameters"`
		} `json:"function"`
	}
	_ = json.Unmarshal(raw, &list) // what cannot be read names no tool
	tools := Tools{}
	for _, t := range list {
		types := map[string][]string{}
		for name, p := range t.Function.Parameters.Properties {
			types[name] = typeNames(p.Type)
			for _, one := range p.AnyOf {
				types[name] = append(types[name], typeNames(one.Type)...)
			}
		}
		tools[t.Function.Name] = types
	}
	delete(tools, "")
	return tools
}

func typeNames(v any) (names []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			names = append(names, typeNames(one)...)
		}
	}
	return names
}

func (t Tools) has(name string) bool { _, ok := t[name]; return ok }

// argument is the JSON of a value that was written as plain text: by its declared type, without one a text.
func (t Tools) argument(tool, name, text string) json.RawMessage {
	types := t[tool][name]
	if len(types) > 0 && !slices.Contains(types, "string") && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	raw, _ := json.Marshal(text) // a text always marshals
	return raw
}

// object writes arguments in their order.
type object struct{ fields []string }

func (o *object) add(name string, value json.RawMessage) {
	key, _ := json.Marshal(name)
	o.fields = append(o.fields, string(key)+": "+string(value))
}

func (o *object) text() json.RawMessage {
	return json.RawMessage("{" + strings.Join(o.fields, ", ") + "}")
}

var functionTag = regexp.MustCompile(`(?s)^<function=([^>\s]+)>(.*)$`)

// functionCalls reads <function=NAME> with an object (Functionary) or with <parameter=NAME> texts (Qwen3-Coder).
func functionCalls(body string, tools Tools) (calls []Call, err error) {
	for body != "" {
		one, rest, _ := strings.Cut(body, "</function>")
		m := functionTag.FindStringSubmatch(one)
		if m == nil {
			return nil, errNoCall
		}
		arguments := json.RawMessage(strings.Trim(m[2], blanks))
		if len(arguments) == 0 || arguments[0] != '{' {
			if arguments, err = parameters(m[1], m[2], tools); err != nil {
				return nil, err
			}
		}
		c, err := Call{Name: m[1]}.with(arguments)
		if err != nil {
			return nil, err
		}
		calls, body = append(calls, c), strings.TrimLeft(rest, blanks)
	}
	return calls, nil
}

// parameters reads <parameter=NAME>\nTEXT\n</parameter> as often as it comes.
func parameters(tool, text string, tools Tools) (json.RawMessage, error) {
	var o object
	for text = strings.Trim(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		rest, ok := strings.CutPrefix(text, "<parameter=")
		name, rest, named := strings.Cut(rest, ">")
		value, rest, closed := strings.Cut(rest, "</parameter>")
		if !ok || !named || !closed {
			return nil, errNoCall
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
		o.add(name, tools.argument(tool, name, value))
		text = rest
	}
	return o.text(), nil
}

var glmArgument = regexp.MustCompile(`(?s)^\s*<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>`)

// glmCall reads a name and pairs of <arg_key> and <arg_value>.
func glmCall(body string, tools Tools) ([]Call, error) {
	at := strings.Index(body, "<arg_key>")
	name, rest := strings.Trim(body[:at], blanks), body[at:]
	var o object
	for rest != "" {
		m := glmArgument.FindStringSubmatchIndex(rest)
		if m == nil {
			return nil, errNoCall
		}
		key, value := rest[m[2]:m[3]], rest[m[4]:m[5]]
		o.add(key, tools.argument(name, key, value))
		rest = strings.TrimLeft(rest[m[1]:], blanks)
	}
	c, err := Call{Name: name}.with(o.text())
	return []Call{c}, err
}
