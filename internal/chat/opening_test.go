package chat_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/shared"
)

// What an answer must begin with to be a call is what each family's own template prints.
func TestOpening(t *testing.T) {
	const dir = "data/chat-templates/llamacpp/models/templates/"
	for name, want := range map[string]string{
		"CohereForAI-c4ai-command-r7b-12-2024-tool_use": "<|START_THINKING|><|END_THINKING|><|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": {",
		"NousResearch-Hermes-3-Llama-3.1-8B-tool_use":   "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {",
		"Qwen-Qwen2.5-7B-Instruct":                      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {",
		"meta-llama-Llama-3.1-8B-Instruct":              `{"name": "get_weather", "parameters": {`,
		"mistralai-Mistral-Nemo-Instruct-2407":          `[TOOL_CALLS][{"name": "get_weather", "arguments": {`,
		"meetkai-functionary-medium-v3.1":               "<function=get_weather>{",
		"google-gemma-2-2b-it":                          "its template prints no calls",
		"microsoft-Phi-3.5-mini-instruct":               "its template prints no calls",
	} {
		text, err := os.ReadFile(shared.Path(t, dir+name+".jinja"))
		if err != nil {
			t.Fatal(err)
		}
		template, err := chat.New(map[string]chat.Source{"default": {File: name, Text: string(text)}})
		if err != nil {
			t.Fatal(err)
		}
		template.Special = map[string]string{"bos_token": "<s>", "eos_token": "</s>"}
		got, err := template.Opening("get_weather", [2]string{"<think>", "</think>"}, nil)
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A prompt that has opened the reasoning leaves it first.
func TestOpeningBehindThought(t *testing.T) {
	const text = `{% for m in messages %}<|{{ m.role }}|>{% if m.tool_calls %}<call>{"name": "{{ m.tool_calls[0].function.name }}", "arguments": {{ m.tool_calls[0].function.arguments | tojson }}}{% else %}{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|><think>{{ '\n' }}{% if quick %}</think>{% endif %}{% endif %}`
	template, err := chat.New(map[string]chat.Source{"default": {Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := template.Opening("f", [2]string{"<think>", "</think>"}, nil)
	if diff := cmp.Diff("\n</think>\n\n<call>{\"name\": \"f\", \"arguments\": {", got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := template.Opening("f", [2]string{}, nil); err == nil {
		t.Errorf("without marks of reasoning: %q", got)
	}
}
