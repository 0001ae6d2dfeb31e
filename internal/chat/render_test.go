package chat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/schemas"
)

func template(t *testing.T, text string) *chat.Template {
	t.Helper()
	tmpl, err := chat.New(map[string]chat.Source{"default": {File: "chat_template.jinja", Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	tmpl.EndOfTurn = []string{"<|im_end|>"}
	return tmpl
}

func user(text string) schemas.Message { return schemas.Message{Role: "user", Content: text} }

func assistant(text string) schemas.Message {
	return schemas.Message{Role: "assistant", Content: text, LossWeight: 1}
}

// trained are the texts of the spans by message.
func trained(r chat.Rendered) map[int]string {
	out := map[int]string{}
	for _, s := range r.Spans {
		out[s.Message] = r.Text[s.Start:s.End]
	}
	return out
}

func TestRenderSpans(t *testing.T) {
	const generation = `{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}!{% endgeneration %}{% else %}{{ m.content }}?{% endif %}{% endfor %}`
	// cut drops the thinking of all turns but the last, as reasoning models' templates do.
	const cut = `{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content if loop.last else m.content.split('</think>')[-1] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`
	untrained := assistant("one")
	untrained.LossWeight = 0
	tests := []struct {
		name, template string
		in             schemas.Conversation
		want           map[int]string
		unstable       string
		stable         bool
	}{
		{name: "the end of the turn is trained", template: chatML, stable: true,
			in:   schemas.Conversation{Messages: []schemas.Message{user("你好?"), assistant("héllo"), user("x"), assistant("two")}},
			want: map[int]string{1: "héllo<|im_end|>", 3: "two<|im_end|>"}},
		{name: "the token's text inside the answer does not end it", template: chatML, stable: true,
			in:   schemas.Conversation{Messages: []schemas.Message{user("q"), assistant("a <|im_end|> b")}},
			want: map[int]string{1: "a <|im_end|> b<|im_end|>"}},
		{name: "a system text kept apart does not shift the numbers", template: chatML, stable: true,
			in:   schemas.Conversation{System: "s", Messages: []schemas.Message{user("q"), assistant("a")}},
			want: map[int]string{1: "a<|im_end|>"}},
		{name: "weight 0 is left out", template: chatML, stable: true,
			in:   schemas.Conversation{Messages: []schemas.Message{user("q"), untrained, user("x"), assistant("two")}},
			want: map[int]string{3: "two<|im_end|>"}},
		{name: "marked blocks decide", template: generation, stable: true,
			in:   schemas.Conversation{Messages: []schemas.Message{user("q"), assistant("a"), user("r"), untrained}},
			want: map[int]string{1: "a!"}},
		{name: "a rewritten turn is found and blamed", template: cut, unstable: "the template prints message 1 otherwise",
			in:   schemas.Conversation{Messages: []schemas.Message{user("q"), assistant("<think>t</think>a"), user("r"), assistant("<think>u</think>b")}},
			want: map[int]string{1: "a<|im_end|>", 3: "<think>u</think>b<|im_end|>"}},
		{name: "another last token is no fault", template: chatML + "{% if not add_generation_prompt %}</s>{% endif %}",
			in:   schemas.Conversation{Messages: []schemas.Message{user("q"), assistant("a"), user("r"), assistant("b")}},
			want: map[int]string{1: "a<|im_end|>", 3: "b<|im_end|>"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := template(t, tc.template).Render(tc.in, chat.RenderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, trained(got)); diff != "" {
				t.Errorf("spans (-want +got)\n%s", diff)
			}
			if !strings.HasPrefix(got.Unstable, tc.unstable) || tc.unstable == "" && got.Unstable != "" || got.PrefixStable != tc.stable {
				t.Errorf("unstable %q, prefix stable %v; want %q, %v", got.Unstable, got.PrefixStable, tc.unstable, tc.stable)
			}
		})
	}
}

func TestFromConversation(t *testing.T) {
	c := schemas.Conversation{System: "s", Tools: `[{"b": 1, "a": 1.0}]`, Messages: []schemas.Message{
		user("q"),
		{Role: "assistant", Reasoning: "why", ToolCalls: []schemas.ToolCall{{ID: "c1", Name: "f", Arguments: `{"z": 1, "a": "é"}`}}},
		{Role: "tool", Content: "r", ToolCallID: "c1"},
	}}
	got, err := template(t, "{% for m in messages %}{{ m }}\n{% endfor %}{{ tools|tojson }}").Render(c, chat.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{'role': 'system', 'content': 's'}
{'role': 'user', 'content': 'q'}
{'thinking': 'why', 'role': 'assistant', 'content': '', 'reasoning_content': 'why', 'tool_calls': [{'type': 'function', 'function': {'name': 'f', 'arguments': {'z': 1, 'a': 'é'}}, 'id': 'c1'}]}
{'role': 'tool', 'content': 'r', 'tool_call_id': 'c1', 'name': 'f'}
[{"b": 1, "a": 1.0}]`
	if diff := cmp.Diff(want, got.Text); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, bad := range []schemas.Conversation{{Tools: "["}, {Messages: []schemas.Message{{ToolCalls: []schemas.ToolCall{{Arguments: "{"}}}}}} {
		if _, err := chat.FromConversation(bad); err == nil {
			t.Errorf("no error for %+v", bad)
		}
	}
}

func TestModes(t *testing.T) {
	tests := []struct {
		name, messages, template string
		mode                     chat.Mode
		vars                     map[string]any
		want, err                string
	}{
		{name: "prompt", messages: `[{"role": "user", "content": "q"}]`, template: chatML, mode: chat.Generation, want: "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"},
		{name: "continue", messages: `[{"role": "assistant", "content": "so "}]`, template: chatML, mode: chat.Continue, want: "<|im_start|>assistant\nso "},
		{name: "continue trimmed", messages: `[{"role": "assistant", "content": "so "}]`, template: "{{ messages[0].content|trim }}.", mode: chat.Continue, want: "so"},
		{name: "continue parts", messages: `[{"role": "assistant", "content": [{"text": "a"}, {"text": "b"}, {"image": 1}]}]`,
			template: "{% for p in messages[0].content %}{{ p.text }}{% endfor %}.", mode: chat.Continue, want: "ab"},
		{name: "continue what is not printed", messages: `[{"role": "assistant", "content": "a"}]`, template: "x", mode: chat.Continue, err: "does not print the last message"},
		{name: "continue nothing", messages: `[{"role": "assistant", "content": null}]`, template: chatML, mode: chat.Continue, err: "no text to go on from"},
		{name: "no message", messages: `[]`, template: "x", err: "has no message"},
		{name: "variables", messages: `[{"role": "user"}]`, template: "{{ enable_thinking }}{{ n }}{{ l }}", vars: map[string]any{"enable_thinking": false, "n": 3, "l": []any{"a"}}, want: "False3['a']"},
		{name: "bad variable", messages: `[{"role": "user"}]`, template: "", vars: map[string]any{"c": make(chan int)}, err: "template variable c"},
		{name: "null is dropped, reasoning has three names", messages: `[{"role": "assistant", "name": null, "reasoning": "r"}]`, template: "{{ messages[0] }}",
			want: "{'thinking': 'r', 'role': 'assistant', 'reasoning': 'r', 'reasoning_content': 'r'}"},
		{name: "the first name of reasoning counts", messages: `[{"role": "a", "reasoning_content": "x", "thinking": "t"}]`, template: "{{ messages[0] }}",
			want: "{'thinking': 't', 'role': 'a', 'reasoning_content': 'x'}"},
		{name: "fault", messages: `[{"role": "x"}]`, template: "\n{{ raise_exception('bad role ' ~ messages[0].role) }}", err: "chat_template.jinja:2:19: TemplateError: bad role x"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := chat.ParseInput([]byte(tc.messages), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := template(t, tc.template).RenderInput(in, chat.RenderOptions{Mode: tc.mode, Vars: tc.vars})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Text); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMask(t *testing.T) {
	spans := []chat.Span{{Start: 2, End: 5}, {Start: 5, End: 6}, {Start: 9, End: 12}}
	tokens := [][2]int{{0, 2}, {1, 3}, {2, 4}, {4, 5}, {5, 6}, {6, 9}, {8, 10}, {9, 12}, {12, 13}}
	got := chat.Mask(spans, tokens, func(t [2]int) (int, int) { return t[0], t[1] })
	if diff := cmp.Diff([]int{-1, -1, 0, 0, 1, -1, -1, 2, -1}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	untrained := assistant("x")
	untrained.LossWeight = 0
	c := schemas.Conversation{System: "s", Messages: []schemas.Message{user("q"), assistant("a"), user("r"), untrained, user("t"), assistant("b")}}
	got := chat.Expand(c)
	first := assistant("a")
	first.LossWeight = 0
	want := []schemas.Conversation{
		{System: "s", Messages: []schemas.Message{user("q"), assistant("a")}},
		{System: "s", Messages: []schemas.Message{user("q"), first, user("r"), untrained, user("t"), assistant("b")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
