package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/cli"
	"fettle/internal/shared"
)

// fettle runs a verb and returns what it prints.
func fettle(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	app := &cli.App{Version: "test", Stdout: &out, Stderr: &errs}
	code = app.Main(args)
	return code, out.String(), errs.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const strictTemplate = `{%- for m in messages -%}
{%- if m.role == 'tool' -%}{{ raise_exception('no tools here') }}{%- endif -%}
{{ bos_token }}[{{ m.role }}]{{ m.content }}{{ eos_token }}
{% endfor -%}
{%- if add_generation_prompt -%}[assistant]{%- if not enable_thinking|default(true) -%}now {% endif -%}{%- endif -%}`

func TestRender(t *testing.T) {
	template := write(t, "chat_template.jinja", strictTemplate)
	config := write(t, "tokenizer_config.json", `{"chat_template":"{{ messages | length }} in {{ strftime_now('%Y') }}"}`)
	rows := write(t, "rows.jsonl", `{"messages":[{"role":"user","content":"né"},{"role":"assistant","content":"b"}]}

{"messages":[{"role":"tool","content":"x"}]}
{"messages":[]}
{"tools":[]}
nonsense
`)
	tests := []struct {
		name string
		args []string
		want []string // the first row's text and spans; the other rows are errors where the template is strict
	}{
		{name: "whole", args: []string{"-template", template, "-bos-token", "<s>", "-eos-token", "</s>"},
			want: []string{"<s>[user]né</s><s>[assistant]b</s>", "[[31,36]]"}},
		{name: "prompt", args: []string{"-template", template, "-generation-prompt"}, want: []string{"[user]né[assistant]b[assistant]", "[]"}},
		{name: "a variable", args: []string{"-template", template, "-generation-prompt", "-var", "enable_thinking=false"}, want: []string{"[user]né[assistant]b[assistant]now", "[]"}},
		{name: "go on", args: []string{"-template", template, "-continue", "-eos-token", "</s>"}, want: []string{"[user]né</s>[assistant]b", "[]"}},
		{name: "a key of a JSON file, a time", args: []string{"-template", config, "-now", "2025-03-09T04:05:06", "-generation-prompt"}, want: []string{"2 in 2025", "[]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, out, stderr := fettle(t, append([]string{"render", "-in", rows}, test.args...)...)
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if code != 0 || len(lines) != 5 {
				t.Fatalf("exit %d, %d lines, want one for each row:\n%s%s", code, len(lines), out, stderr)
			}
			var row struct {
				Text  string
				IDs   []int32
				Spans json.RawMessage
			}
			if err := json.Unmarshal([]byte(lines[0]), &row); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, []string{strings.TrimSpace(strings.ReplaceAll(row.Text, "\n", "")), string(row.Spans)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, line := range lines[3:] {
				if !strings.HasPrefix(line, `{"error":"`) {
					t.Errorf("want an error, got %s", line)
				}
			}
		})
	}
}

func TestRenderWithTokenizer(t *testing.T) {
	rows := write(t, "rows.jsonl", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"ls"}]}`)
	const base = "../../pipelines/quickstart/base"
	code, out, stderr := fettle(t, "render", "-tokenizer", base, "-in", rows)
	var row struct {
		Text  string
		IDs   []int32
		Spans [][2]int
	}
	if err := json.Unmarshal([]byte(out), &row); err != nil || code != 0 || len(row.IDs) < 4 || len(row.Spans) != 1 {
		t.Fatalf("exit %d %v: %s%s", code, err, out, stderr)
	}
	trained := row.Text[row.Spans[0][0]:row.Spans[0][1]]
	_, shown, _ := fettle(t, "render", "--show", "-tokenizer", base, "-in", rows)
	if !strings.HasPrefix(trained, "ls") || !strings.Contains(shown, "\x1b[32m"+trained+"\x1b[0m") {
		t.Errorf("trained %q, shown %q", trained, shown)
	}
}

// What a user spells is a token, as in the reference, or text, as in training and chats.
func TestRenderPlain(t *testing.T) {
	const base = "../../pipelines/quickstart/base"
	rows := write(t, "rows.jsonl", `{"messages":[{"role":"user","content":"what is <|end|>?"},{"role":"assistant","content":"ls"}]}`)
	ends := func(args ...string) (n int) {
		code, out, stderr := fettle(t, append([]string{"render", "-tokenizer", base, "-in", rows}, args...)...)
		var row struct {
			Text  string
			IDs   []int32
			Spans [][2]int
		}
		if err := json.Unmarshal([]byte(out), &row); err != nil || code != 0 || len(row.Spans) != 1 {
			t.Fatalf("exit %d %v: %s%s", code, err, out, stderr)
		}
		if said := row.Text[row.Spans[0][0]:row.Spans[0][1]]; !strings.HasPrefix(said, "ls") || !strings.Contains(row.Text, "what is <|end|>?") {
			t.Errorf("trained %q of %q", said, row.Text)
		}
		_, counted, _ := fettle(t, "tokens", "-tokenizer", base, "-ids", "-in", write(t, "end.jsonl", `{"text":"<|end|>"}`))
		var token struct{ IDs []int32 }
		if err := json.Unmarshal([]byte(counted), &token); err != nil || len(token.IDs) != 1 {
			t.Fatalf("%v %s", err, counted)
		}
		for _, id := range row.IDs {
			if id == token.IDs[0] {
				n++
			}
		}
		return n
	}
	if reference, plain := ends(), ends("-plain"); reference != 3 || plain != 2 {
		t.Errorf("%d turns end as the reference takes it (want 3), %d with -plain (want 2)", reference, plain)
	}
}

func TestVerbUsage(t *testing.T) {
	template := write(t, "t.jinja", "x")
	for _, args := range [][]string{
		{"render"}, {"render", "-template", template, "-continue", "-generation-prompt"}, {"render", "-template", template, "-now", "noon"}, {"render", "-template", template, "-var", "x"},
		{"logits", "-model", "x"}, {"logits", "-out", "x"}, {"chat"}, {"chat", "-model", "x", "-max-tokens", "0"}, {"serve"}, {"serve", "-model", "x", "-listen", "0.0.0.0:1"}, {"serve", "-model", "x", "-listen", "nonsense"},
	} {
		t.Setenv("FETTLE_API_KEY", "")
		if code, _, stderr := fettle(t, args...); code != 2 || !strings.Contains(stderr, "Usage") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

// Every golden conversation gives one line; what the texts are is tested where they are made.
func TestRenderGolden(t *testing.T) {
	conversations := shared.Path(t, "golden/text/templates/conversations.jsonl")
	raw, err := os.ReadFile(conversations)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Count(string(raw), "\n")
	path := shared.Path(t, "data/chat-templates/llamacpp/models/templates/Qwen-Qwen2.5-7B-Instruct.jinja")
	code, out, stderr := fettle(t, "render", "-template", path, "-eos-token", "<|im_end|>", "-in", conversations)
	if n := strings.Count(out, "\n"); code != 0 || n != rows {
		t.Errorf("exit %d, %d rows of %d: %s", code, n, rows, stderr)
	}
}
