package serve_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answered is a message, or a stream's deltas put together.
type answered struct {
	Role, Content, Reasoning, Finish string
	Calls                            []calledTool
}

type calledTool struct {
	Index    *int
	ID, Type string
	Function struct{ Name, Arguments string }
}

type delta struct {
	Role      string
	Content   *string
	Reasoning string       `json:"reasoning_content"`
	Calls     []calledTool `json:"tool_calls"`
}

type toolReply struct {
	Choices []struct {
		Message, Delta delta
		Finish         string `json:"finish_reason"`
	}
}

// together joins what replies say; of calls the names and arguments.
func together(t *testing.T, all []toolReply) (a answered) {
	t.Helper()
	for _, r := range all {
		for _, c := range r.Choices {
			for _, d := range []delta{c.Message, c.Delta} {
				a.Role, a.Reasoning = a.Role+d.Role, a.Reasoning+d.Reasoning
				if d.Content != nil {
					a.Content += *d.Content
				}
				for i, call := range d.Calls {
					if call.Index != nil {
						i = *call.Index
					}
					if i == len(a.Calls) {
						if len(call.ID) < 9 || call.Type != "function" {
							t.Errorf("call %d begins with id %q, type %q", i, call.ID, call.Type)
						}
						a.Calls = append(a.Calls, calledTool{})
					}
					a.Calls[i].Function.Name += call.Function.Name
					a.Calls[i].Function.Arguments += call.Function.Arguments
				}
			}
			a.Finish += c.Finish
		}
	}
	return a
}

func called(pairs ...string) (calls []calledTool) {
	for i := 0; i < len(pairs); i += 2 {
		var c calledTool
		c.Function.Name, c.Function.Arguments = pairs[i], pairs[i+1]
		calls = append(calls, c)
	}
	return calls
}

// printing is a template whose text holds the marks of a family and that prints turns as the tiny one does.
func printing(marks, prompt string) string {
	return `{% if false %}` + marks + `{% endif %}{% if tools %}tools: {{ tools | length }}
{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% if m.tool_calls %}{"name": {{ m.tool_calls[0].function.name }}}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
` + prompt + `{% endif %}`
}

func TestToolCalls(t *testing.T) {
	const weather = `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}}],`
	tests := []struct {
		name, template string
		pieces         []string
		special        []string
		more           string
		want           answered
	}{
		{name: "hermes", template: printing("<tool_call></tool_call>", ""), more: weather,
			pieces: []string{"Let me see.\n", "<tool_call>", "\n{\"name\": \"wea", "ther\", \"arguments\": ", "{\"place\": \"北京\"}}", "\n</tool_call>"},
			want:   answered{Role: "assistant", Content: "Let me see.", Calls: called("weather", `{"place": "北京"}`), Finish: "tool_calls"}},
		{name: "two calls", template: printing("<tool_call></tool_call>", ""), more: weather,
			pieces: []string{"<tool_call>", `{"name": "weather", "arguments": {}}`, "</tool_call>\n", "<tool_call>\n", `{"name": "weather", "arguments": {"place": 1}}`, "\n</tool_call>"},
			want:   answered{Role: "assistant", Calls: called("weather", `{}`, "weather", `{"place": 1}`), Finish: "tool_calls"}},
		{name: "one call alone", template: printing("<tool_call></tool_call>", ""), more: weather + `"parallel_tool_calls":false,`,
			pieces: []string{"<tool_call>", `{"name": "weather", "arguments": {}}`, "</tool_call>\n", "<tool_call>\n", `{"name": "weather", "arguments": {"place": 1}}`, "\n</tool_call>"},
			want:   answered{Role: "assistant", Calls: called("weather", `{}`), Finish: "tool_calls"}},
		{name: "broken JSON stays text", template: printing("<tool_call></tool_call>", ""), more: weather,
			pieces: []string{"<tool_call>", "{\"name\": wea", "ther}", "</tool_call>"},
			want:   answered{Role: "assistant", Content: `<tool_call>{"name": weather}</tool_call>`, Finish: "stop"}},
		{name: "no tools given", template: printing("<tool_call></tool_call>", ""),
			pieces: []string{"<tool_call>", `{"name": "weather"}`, "</tool_call>"},
			want:   answered{Role: "assistant", Content: `<tool_call>{"name": "weather"}</tool_call>`, Finish: "stop"}},
		{name: "tools not to be used", template: printing("<tool_call></tool_call>", ""), more: weather + `"tool_choice":"none",`,
			pieces: []string{"<tool_call>", `{"name": "weather"}`, "</tool_call>"},
			want:   answered{Role: "assistant", Content: `<tool_call>{"name": "weather"}</tool_call>`, Finish: "stop"}},
		{name: "llama", template: printing("", ""), more: weather,
			pieces: []string{`{"name": "weather", `, `"parameters": {"place": "Paris"}}`},
			want:   answered{Role: "assistant", Calls: called("weather", `{"place": "Paris"}`), Finish: "tool_calls"}},
		{name: "mistral's special token", template: printing("[TOOL_CALLS]", ""), more: weather,
			pieces: []string{"[TOOL_CALLS]", `[{"name": "weather", `, `"arguments": {"place": "Paris"}}]`}, special: []string{"[TOOL_CALLS]"},
			want: answered{Role: "assistant", Calls: called("weather", `{"place": "Paris"}`), Finish: "tool_calls"}},
		{name: "deepseek's special tokens", template: printing("<｜tool▁calls▁begin｜></think>", "<think>{{ '\\n' }}"), more: weather,
			pieces:  []string{"Hm.", "\n</think>", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "function", "<｜tool▁sep｜>", "weather\n```json\n{}\n```", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"},
			special: []string{"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"},
			want:    answered{Role: "assistant", Reasoning: "Hm.", Calls: called("weather", `{}`), Finish: "tool_calls"}},
		{name: "reasoning", template: printing("<think></think>", ""),
			pieces: []string{"<think>", "\nIt is", " cold.\n", "</think>", "\n\nYes."},
			want:   answered{Role: "assistant", Reasoning: "It is cold.", Content: "Yes.", Finish: "stop"}},
		{name: "reasoning begun in the prompt", template: printing("</think>", "<think>{{ '\\n' }}"),
			pieces: []string{"It is", " cold.", "</think>\n", "Yes."},
			want:   answered{Role: "assistant", Reasoning: "It is cold.", Content: "Yes.", Finish: "stop"}},
		{name: "reasoning without an end", template: printing("<think></think>", ""), more: `"max_tokens":3,`,
			pieces: []string{"<think>", "\nIt is", " cold.\n", "</think>", "\n\nYes."},
			want:   answered{Role: "assistant", Reasoning: "It is cold.", Finish: "length"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := speak(t, test.template, test.pieces, test.special)
			body := `{"temperature":0,` + test.more + `"messages":[{"role":"user","content":"hi"}]`
			whole := ask[toolReply](w, "/v1/chat/completions", body+`}`)
			if diff := cmp.Diff(test.want, together(t, []toolReply{whole})); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			if message := whole.Choices[0].Message; message.Content == nil && len(message.Calls) == 0 {
				t.Error("no content and no calls")
			}
			if diff := cmp.Diff(test.want, together(t, chunks[toolReply](w, "/v1/chat/completions", body+`,"stream":true}`))); diff != "" {
				t.Errorf("stream (-want +got):\n%s", diff)
			}
		})
	}
}

// What a client sends back of an answer is understood: calls, reasoning, nulls.
func TestAnswersComeBack(t *testing.T) {
	w := speak(t, printing("<tool_call></tool_call><think></think>", ""), []string{"ok"}, nil)
	message := `{"role":"assistant","content":null,"refusal":null,"reasoning_content":"Hm.","tool_calls":[{"id":"abcdefghi","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}`
	if !json.Valid([]byte(message)) {
		t.Fatal(message)
	}
	a := together(t, []toolReply{ask[toolReply](w, "/v1/chat/completions", `{"messages":[{"role":"user","content":"x"},`+message+`,{"role":"tool","tool_call_id":"abcdefghi","content":"y"}]}`)})
	if !strings.HasPrefix(a.Content, "ok") {
		t.Errorf("got %+v", a)
	}
}
