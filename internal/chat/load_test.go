package chat_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/shared"
	"fettle/schemas"
)

const chatML = `{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

func modelDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func quoted(t *testing.T, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLoad(t *testing.T) {
	named := []map[string]string{{"name": "default", "template": "plain{{ bos_token }}{{ eos_token }}"}, {"name": "tool_use", "template": "tools{{ tools|length }}"}}
	tests := []struct {
		name  string
		files map[string]string
		tools string
		want  string
		err   string
	}{
		{name: "a file of its own", files: map[string]string{"chat_template.jinja": "own", "tokenizer_config.json": `{"chat_template": "config"}`}, want: "own"},
		{name: "text in the configuration", files: map[string]string{"tokenizer_config.json": `{"chat_template": "config{{ pad_token is defined }}", "pad_token": null}`}, want: "configFalse"},
		{name: "list, default", files: map[string]string{"tokenizer_config.json": `{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "chat_template": ` + quoted(t, named) + `}`}, want: "plain<s></s>"},
		{name: "list, tools", files: map[string]string{"tokenizer_config.json": `{"chat_template": ` + quoted(t, named) + `}`}, tools: `[{"name": "f"}]`, want: "tools1"},
		{name: "further files", files: map[string]string{"chat_template.jinja": "own", "additional_chat_templates/tool_use.jinja": "more"}, tools: `[{"name": "f"}]`, want: "more"},
		{name: "special tokens map", files: map[string]string{"chat_template.jinja": "{{ bos_token }}", "special_tokens_map.json": `{"bos_token": "<b>"}`}, want: "<b>"},
		{name: "none", files: map[string]string{"tokenizer_config.json": `{}`}, err: "neither chat_template.jinja nor chat_template"},
		{name: "of another kind", files: map[string]string{"tokenizer_config.json": `{"chat_template": 5}`}, err: "neither a text nor a list"},
		{name: "no default", files: map[string]string{"tokenizer_config.json": `{"chat_template": [{"name": "a", "template": ""}, {"name": "b", "template": ""}]}`}, err: "none is named default"},
		{name: "broken", files: map[string]string{"chat_template.jinja": "a\n  {% if x %}"}, err: "chat_template.jinja:2:13: TemplateSyntaxError: unexpected end of template"},
		{name: "broken configuration", files: map[string]string{"tokenizer_config.json": `{`}, err: "unexpected end of JSON"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tmpl, err := chat.Load(modelDir(t, tc.files))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := tmpl.Render(schemas.Conversation{Tools: tc.tools}, chat.RenderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Text); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEndOfTurn(t *testing.T) {
	tokenizer := `{"added_tokens": [{"id": 1, "content": "<|im_start|>", "special": true}, {"id": 2, "content": "<|im_end|>", "special": true},
		{"id": 3, "content": "</s>", "special": true}, {"id": 4, "content": "<|user|>", "special": true}]}`
	tests := []struct {
		name, template, generation string
		want                       []string
	}{
		{"printed behind the answer", chatML, `{"eos_token_id": 3}`, []string{"<|im_end|>"}},
		{"only at the very end", "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{{ eos_token }}", "{}", []string{"</s>"}},
		{"what generation stops at", "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}", `{"eos_token_id": [3, 4]}`, []string{"</s>", "<|user|>"}},
		{"nothing said", "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", "{}", []string{"</s>"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tmpl, err := chat.Load(modelDir(t, map[string]string{"chat_template.jinja": tc.template, "tokenizer.json": tokenizer,
				"tokenizer_config.json": `{"eos_token": "</s>"}`, "generation_config.json": tc.generation}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, tmpl.EndOfTurn); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

var tokenShape = regexp.MustCompile(`<[|｜]?[^<>\s{}'"]+[|｜]?>|\[/?[A-Z_]+\]`)

// TestGoldenEndOfTurn: of the end-of-turn texts that the golden index names, the rule finds some for every template, and none
// besides; the tokens are those that the template's text names, as special tokens of a tokenizer would be.
func TestGoldenEndOfTurn(t *testing.T) {
	var index []goldenTemplate
	data, err := os.ReadFile(shared.Path(t, "golden/text/templates/index.json"))
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range index {
		_, text := g.source(t)
		type added struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
			Special bool   `json:"special"`
		}
		var tokens []added
		for i, token := range tokenShape.FindAllString(text, -1) {
			tokens = append(tokens, added{i, token, true})
		}
		config := map[string]any{"bos_token": g.BOS, "eos_token": g.EOS}
		tmpl, err := chat.Load(modelDir(t, map[string]string{"chat_template.jinja": text, "tokenizer_config.json": quoted(t, config),
			"tokenizer.json": quoted(t, map[string]any{"added_tokens": tokens})}))
		if err != nil {
			t.Fatal(err)
		}
		if len(tmpl.EndOfTurn) == 0 {
			t.Errorf("%s: no end of turn found", g.Template)
		}
		for _, got := range tmpl.EndOfTurn {
			if !slices.Contains(g.EndOfTurn, got) {
				t.Errorf("%s: end of turn %q, want one of %q", g.Template, got, g.EndOfTurn)
			}
		}
	}
}
