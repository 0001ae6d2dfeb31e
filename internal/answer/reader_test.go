package answer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/answer"
)

const (
	hermes   = "<tool_call> <think> </think>"
	mistral  = "[TOOL_CALLS]"
	deepseek = "<｜tool▁calls▁begin｜> </think>"
	llama    = "<|python_tag|>"
	coder    = "<tool_call> <function="
)

var tools = answer.ParseTools([]byte(`[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":
{"place":{"type":"string"},"days":{"type":"integer"},"deep":{"anyOf":[{"type":"array"},{"type":"null"}]}}}}},{"type":"function","function":{"name":"now"}}]`))

// said is an answer put together again.
type said struct {
	Reasoning, Content string
	Calls              []answer.Call
}

func (s *said) add(parts []answer.Part) {
	for _, p := range parts {
		s.Reasoning += p.Reasoning
		s.Content += p.Content
		if p.Call != nil {
			s.Calls = append(s.Calls, *p.Call)
		}
	}
}

// pieces reads a text n bytes at a time.
func pieces(r *answer.Reader, text string, n int) (s said) {
	for at := 0; at < len(text); at += n {
		s.add(r.Add(text[at:min(at+n, len(text))]))
	}
	s.add(r.Close())
	return s
}

func call(name, arguments string) answer.Call { return answer.Call{Name: name, Arguments: arguments} }

func TestReader(t *testing.T) {
	paris := call("weather", `{"place": "Paris"}`)
	tests := []struct {
		name, template string
		printed        string // how the template prints a call
		thinking       bool
		text           string
		want           said
	}{
		{name: "plain", template: hermes, text: " Hello. \n", want: said{Content: " Hello. \n"}},
		{name: "one call", template: hermes, text: "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"place\": \"Paris\"}}\n</tool_call>", want: said{Calls: []answer.Call{paris}}},
		{name: "words, then two calls", template: hermes, text: "Let me see.\n<tool_call>{\"name\":\"now\"}</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"place\": \"Paris\"}}\n</tool_call>\n",
			want: said{Content: "Let me see.", Calls: []answer.Call{call("now", "{}"), paris}}},
		{name: "words behind a call", template: hermes, text: "<tool_call>{\"name\":\"now\"}</tool_call>\nDone.", want: said{Content: "\nDone.", Calls: []answer.Call{call("now", "{}")}}},
		{name: "not closed but whole", template: hermes, text: "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"place\": \"Paris\"}}", want: said{Calls: []answer.Call{paris}}},
		{name: "a close mark within a text", template: hermes, text: `<tool_call>{"name": "weather", "arguments": {"place": "</tool_call>"}}</tool_call>`, want: said{Calls: []answer.Call{call("weather", `{"place": "</tool_call>"}`)}}},
		{name: "arguments as a text", template: hermes, text: `<tool_call>{"name": "weather", "arguments": "{\"place\": \"Paris\"}"}</tool_call>`, want: said{Calls: []answer.Call{paris}}},
		{name: "broken JSON stays text", template: hermes, text: "See: <tool_call>\n{name: weather}\n</tool_call> ok", want: said{Content: "See: <tool_call>\n{name: weather}\n</tool_call> ok"}},
		{name: "broken, then whole", template: hermes, text: "<tool_call>{]</tool_call><tool_call>{\"name\":\"now\"}</tool_call>", want: said{Content: "<tool_call>{]</tool_call>", Calls: []answer.Call{call("now", "{}")}}},
		{name: "cut off", template: hermes, text: "<tool_call>\n{\"name\": \"weather\", \"argu", want: said{Content: "<tool_call>\n{\"name\": \"weather\", \"argu"}},
		{name: "no object", template: hermes, text: `<tool_call>{"name": "weather", "arguments": [1]}</tool_call>`, want: said{Content: `<tool_call>{"name": "weather", "arguments": [1]}</tool_call>`}},
		{name: "nameless", template: hermes, text: `<tool_call>{"arguments": {}}</tool_call>`, want: said{Content: `<tool_call>{"arguments": {}}</tool_call>`}},
		{name: "the beginning of a mark", template: hermes, text: "a <tool_", want: said{Content: "a <tool_"}},
		{name: "another family's marks are text", template: mistral, text: `<tool_call>{"name":"now"}</tool_call>`, want: said{Content: `<tool_call>{"name":"now"}</tool_call>`}},

		{name: "thought", template: hermes, text: "<think>\nHm.\n Well.\n</think>\n\nYes.", want: said{Reasoning: "Hm.\n Well.", Content: "Yes."}},
		{name: "no thought", template: hermes, text: "<think>\n\n</think>\n\nYes.", want: said{Content: "Yes."}},
		{name: "thought begun in the prompt", template: deepseek, thinking: true, text: "Hm.\n</think>\nYes.\n", want: said{Reasoning: "Hm.", Content: "Yes.\n"}},
		{name: "thought without an end", template: deepseek, thinking: true, text: "Hm. </thin", want: said{Reasoning: "Hm. </thin"}},
		{name: "a mark amid the answer", template: hermes, text: "I <think> so.", want: said{Content: "I <think> so."}},
		{name: "thought, words, call", template: hermes, text: "<think>A</think>B\n<tool_call>{\"name\":\"now\"}</tool_call>", want: said{Reasoning: "A", Content: "B", Calls: []answer.Call{call("now", "{}")}}},
		{name: "a call within the thought is thought", template: hermes, text: "<think><tool_call>{\"name\":\"now\"}</tool_call></think>", want: said{Reasoning: "<tool_call>{\"name\":\"now\"}</tool_call>"}},

		{name: "mistral", template: mistral, text: ` [TOOL_CALLS][{"name": "now", "arguments": {}, "id": "abcdefghi"}, {"name": "weather", "arguments": {"place": "Paris"}}]`,
			want: said{Calls: []answer.Call{{Name: "now", Arguments: "{}", ID: "abcdefghi"}, paris}}},
		{name: "newer mistral", template: mistral, text: `[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]weather[CALL_ID]abcdefghi[ARGS]{"place": "Paris"}`,
			want: said{Calls: []answer.Call{call("now", "{}"), {Name: "weather", Arguments: `{"place": "Paris"}`, ID: "abcdefghi"}}}},
		{name: "broken mistral", template: mistral, text: `[TOOL_CALLS][{"name": "now"`, want: said{Content: `[TOOL_CALLS][{"name": "now"`}},

		{name: "llama", printed: `{"name": "probe", "parameters": {}}`, text: `{"name": "weather", "parameters": {"place": "Paris"}}`, want: said{Calls: []answer.Call{paris}}},
		{name: "llama, several", printed: `{"name": "probe"}`, text: `{"name": "weather", "parameters": {"place": "Paris"}}; {"type": "function", "name": "now", "parameters": {}}`, want: said{Calls: []answer.Call{paris, call("now", "{}")}}},
		{name: "llama, behind its tag", template: llama, text: `<|python_tag|>{"name": "now", "parameters": {}}`, want: said{Calls: []answer.Call{call("now", "{}")}}},
		{name: "llama, an unknown name is data", printed: `{"name": "probe"}`, text: `{"name": "Bob", "parameters": {}}`, want: said{Content: `{"name": "Bob", "parameters": {}}`}},
		{name: "llama, other JSON", printed: `{"name": "probe"}`, text: `{"answer": 42}`, want: said{Content: `{"answer": 42}`}},
		{name: "llama, words behind it", printed: `{"name": "probe"}`, text: `{"name": "now"} is it.`, want: said{Content: `{"name": "now"} is it.`}},

		{name: "deepseek", template: deepseek, text: "Look:\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"place\": \"Paris\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
			want: said{Content: "Look:", Calls: []answer.Call{paris, call("now", "{}")}}},
		{name: "deepseek 3.1", template: deepseek, text: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"place\": \"Paris\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", want: said{Calls: []answer.Call{paris}}},
		{name: "broken deepseek", template: deepseek, text: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁calls▁end｜>", want: said{Content: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁calls▁end｜>"}},

		{name: "qwen3-coder", template: coder, text: "<tool_call>\n<function=weather>\n<parameter=place>\nParis\nFrance\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=deep>\n[1, \"2\"]\n</parameter>\n</function>\n</tool_call>",
			want: said{Calls: []answer.Call{call("weather", `{"place": "Paris\nFrance", "days": 3, "deep": [1, "2"]}`)}}},
		{name: "qwen3-coder without its outer mark", template: coder, text: "<function=now>\n</function>\n</tool_call>", want: said{Content: "\n</tool_call>", Calls: []answer.Call{call("now", "{}")}}},
		{name: "glm", template: hermes, text: "<tool_call>weather\n<arg_key>place</arg_key>\n<arg_value>7</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>", want: said{Calls: []answer.Call{call("weather", `{"place": "7", "days": 3}`)}}},
		{name: "functionary", template: "<function=", text: `<function=weather>{"place": "Paris"}</function>`, want: said{Calls: []answer.Call{paris}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			form := answer.FormOf(test.template, nil, test.printed)
			for _, n := range []int{len(test.text), 1, 2, 3, 7} {
				if diff := cmp.Diff(test.want, pieces(form.Reader(tools, test.thinking), test.text, n)); diff != "" {
					t.Errorf("%d bytes at a time (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

// Without tools nothing is a call, and nothing is held back.
func TestNoTools(t *testing.T) {
	const text = `<tool_call>{"name":"now"}</tool_call>`
	r := answer.FormOf(hermes, nil, "").Reader(nil, false)
	if diff := cmp.Diff(said{Content: text}, pieces(r, text, 4)); diff != "" {
		t.Error(diff)
	}
}

// Content streams: all that cannot be the beginning of something else is there at once.
func TestStreams(t *testing.T) {
	r := answer.FormOf(hermes+mistral, nil, `{"name": "probe"}`).Reader(tools, false)
	for _, piece := range []string{"One", " two", " {\"name\":", " [x] <b>"} {
		var s said
		if s.add(r.Add(piece)); s.Content != piece {
			t.Errorf("after %q came %q", piece, s.Content)
		}
	}
}

func TestOpens(t *testing.T) {
	f := answer.FormOf(deepseek, nil, "")
	for prompt, want := range map[string]bool{"<|im_start|>assistant\n<think>\n": true, "assistant\n<think>\n\n</think>\n\n": false, "assistant\n": false, "": false} {
		if got := f.Opens(prompt); got != want {
			t.Errorf("%q: %v, want %v", prompt, got, want)
		}
	}
}

// In pieces or at once: the same parts. Without calls nothing is lost but white space around reasoning.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"<think>a</think><tool_call>{\"name\":\"now\"}</tool_call>", "[TOOL_CALLS]now[ARGS]{}", "{\"name\": \"now\"}", "<function=now></function>", "<tool_call>{\"name\":\"</tool_call>\"}</tool_call>"} {
		f.Add(s, 3, false)
	}
	form := answer.FormOf(hermes+mistral+deepseek+llama+coder, nil, `{"name":"probe"}`)
	f.Fuzz(func(t *testing.T, text string, n int, thinking bool) {
		n = max(1, n%50)
		whole, parts := pieces(form.Reader(tools, thinking), text, len(text)+1), pieces(form.Reader(tools, thinking), text, n)
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Errorf("%d bytes at a time (-whole +parts):\n%s", n, diff)
		}
		if plain := pieces(answer.FormOf("", nil, "").Reader(tools, thinking), text, n); plain.Content != text || plain.Reasoning != "" {
			t.Errorf("read without marks: %+v", plain)
		}
	})
}
