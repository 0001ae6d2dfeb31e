package serve_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// calling is a template that prints turns as the tiny one does, and calls between two texts.
func calling(before, between, after, prompt string) string {
	return `{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.tool_calls %}` + before + `{{ m.tool_calls[0].function.name }}` + between + `{{ m.tool_calls[0].function.arguments | tojson }}` + after + `{% else %}{{ m.content }}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
` + prompt + `{% endif %}`
}

const twoTools = `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"now"}}],`

func TestToolChoice(t *testing.T) {
	hermes := calling(`<tool_call>{{ "\n" }}{"name": "`, `", "arguments": `, `}{{ "\n" }}</tool_call>`, "")
	llama := calling(`{"name": "`, `", "parameters": `, `}`, "")
	mistral := calling(`[TOOL_CALLS][{"name": "`, `", "arguments": `, `}]`, "")
	thinking := calling(`<tool_call>{"name": "`, `", "arguments": `, `}</tool_call>`, "<think>{{ '\\n' }}") + `{# </think> #}`
	const named = `"tool_choice":{"type":"function","function":{"name":"weather"}},`
	paris := []string{"{", `"place"`, `: "Pa}r{\"is"`, `, "at": {`, `"x": 1}`, "}", "}\n</tool_call>"}
	all := `{"place": "Pa}r{\"is", "at": {"x": 1}}`
	tests := []struct {
		name, template string
		pieces         []string
		special        []string
		more           string
		want           answered
	}{
		{name: "hermes", template: hermes, pieces: paris, more: twoTools + named, want: answered{Role: "assistant", Calls: called("weather", all), Finish: "stop"}},
		{name: "llama", template: llama, pieces: paris, more: twoTools + named, want: answered{Role: "assistant", Calls: called("weather", all), Finish: "stop"}},
		{name: "mistral", template: mistral, pieces: paris, special: []string{"[TOOL_CALLS]"}, more: twoTools + named, want: answered{Role: "assistant", Calls: called("weather", all), Finish: "stop"}},
		{name: "behind the thought that the prompt opens", template: thinking, pieces: paris, more: twoTools + named, want: answered{Role: "assistant", Calls: called("weather", all), Finish: "stop"}},
		{name: "no arguments", template: hermes, pieces: []string{"{", "}", "}\n</tool_call>"}, more: twoTools + named, want: answered{Role: "assistant", Calls: called("weather", "{}"), Finish: "stop"}},
		{name: "cut off", template: hermes, pieces: paris, more: twoTools + named + `"max_tokens":2,`, want: answered{Role: "assistant", Calls: called("weather", `{"place": "Pa}r{\"is"`), Finish: "length"}},
		{name: "whole with the last token", template: hermes, pieces: paris, more: twoTools + named + `"max_tokens":5,`, want: answered{Role: "assistant", Calls: called("weather", all), Finish: "stop"}},
		{name: "required, of one", template: hermes, pieces: paris, more: strings.Replace(twoTools, `,{"type":"function","function":{"name":"now"}}`, "", 1) + `"tool_choice":"required",`,
			want: answered{Role: "assistant", Calls: called("weather", all), Finish: "tool_calls"}},
		{name: "required: the likelier name", template: hermes, pieces: []string{"now", `", "arguments": `, "{", "}", "weather"}, more: twoTools + `"tool_choice":"required",`,
			want: answered{Role: "assistant", Calls: called("now", `{}`), Finish: "tool_calls"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := speak(t, test.template, test.pieces, test.special)
			body := `{"temperature":0,` + test.more + `"messages":[{"role":"user","content":"hi"}]`
			whole := ask[toolReply](w, "/v1/chat/completions", body+`}`)
			if diff := cmp.Diff(test.want, together(t, []toolReply{whole})); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			if whole.Choices[0].Message.Content != nil {
				t.Errorf("content %q beside a call", *whole.Choices[0].Message.Content)
			}
			stream := chunks[toolReply](w, "/v1/chat/completions", body+`,"stream":true}`)
			if diff := cmp.Diff(test.want, together(t, stream)); diff != "" {
				t.Errorf("stream (-want +got):\n%s", diff)
			}
			two := ask[toolReply](w, "/v1/chat/completions", body+`,"n":2}`)
			for _, c := range two.Choices {
				if diff := cmp.Diff(test.want, together(t, []toolReply{{Choices: two.Choices[:0:0]}, {Choices: append(two.Choices[:0:0], c)}})); diff != "" {
					t.Errorf("of two (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Both names of equal likelihood are drawn, and a seed draws the same again.
func TestToolChoiceIsDrawn(t *testing.T) {
	w := speak(t, calling(`<tool_call>{"name": "`, `", "arguments": `, `}</tool_call>`, ""), []string{"{", "}", "weather", "now"}, nil)
	drawn := map[string]int{}
	for range 2 {
		reply := ask[toolReply](w, "/v1/chat/completions", `{"temperature":100,"seed":1,"n":16,`+twoTools+`"tool_choice":"required","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`)
		for _, c := range reply.Choices {
			drawn[c.Message.Calls[0].Function.Name]++
		}
	}
	if drawn["weather"]+drawn["now"] != 32 || drawn["weather"] < 6 || drawn["now"] < 6 || drawn["now"]%2 != 0 {
		t.Errorf("drawn %v", drawn)
	}
}

func TestToolChoiceFaults(t *testing.T) {
	hermes := speak(t, calling(`<tool_call>{"name": "`, `", "arguments": `, `}</tool_call>`, ""), []string{"ok"}, nil)
	without := speak(t, printing("", ""), []string{"ok"}, nil)
	tagged := speak(t, `{% for m in messages %}{% if m.tool_calls %}<function={{ m.tool_calls[0].function.name }}>{% for k, v in m.tool_calls[0].function.arguments.items() %}<parameter={{ k }}>{{ v }}{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}`, []string{"ok"}, nil)
	for _, tt := range []struct {
		w            *world
		more, answer string
	}{
		{hermes, `"tool_choice":"required",`, "tool_choice needs tools"},
		{hermes, twoTools + `"tool_choice":"any",`, `want \"auto\", \"none\", \"required\" or`},
		{hermes, twoTools + `"tool_choice":{"type":"allowed_tools"},`, `want \"auto\", \"none\", \"required\" or`},
		{hermes, twoTools + `"tool_choice":{"type":"function","function":{"name":"rain"}},`, `the tools have no function \"rain\"`},
		{hermes, strings.ReplaceAll(twoTools, "now", "<|im_end|>") + `"tool_choice":"required",`, "has a name of letters, digits"},
		{hermes, twoTools + `"tool_choice":"required","continue_final_message":true,`, "tool_choice excludes continue_final_message"},
		{without, twoTools + `"tool_choice":"required",`, "this model cannot be made to call a tool: its template prints no calls"},
		{tagged, twoTools + `"tool_choice":"required",`, "its template prints the arguments of calls in another form than JSON"},
		{hermes, twoTools + `"tool_choice":"required","max_completion_tokens":1000,`, "max_completion_tokens is 1000: this server gives at most 100"},
	} {
		status, reply := tt.w.post("/v1/chat/completions", `{`+tt.more+`"messages":[{"role":"user","content":"hi"}]}`)
		if status != http.StatusBadRequest || !strings.Contains(reply, tt.answer) || !strings.Contains(reply, `"param":"`) {
			t.Errorf("%s: %d %s, want %s", tt.more, status, reply, tt.answer)
		}
	}
}
