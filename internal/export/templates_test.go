package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/export"
	"fettle/internal/shared"
)

// Whichever form the base has, what is exported says its chat template in both, with the same text: a merged model, a base
// in 4 bits, an adapter.
func TestBothFormsOfTheTemplate(t *testing.T) {
	const one, two, old = "{{ messages[0].content }}<|eot_id|> & more", "{{ tools }}", "another"
	bases := []struct {
		name  string
		files map[string]string
		want  map[string]string // by name
	}{
		{"a file", map[string]string{"chat_template.jinja": one, "tokenizer_config.json": `{"eos_token": "<|eot_id|>"}`}, map[string]string{"default": one}},
		{"a key", map[string]string{"tokenizer_config.json": chatKey(t, one)}, map[string]string{"default": one}},
		{"both, and the file counts", map[string]string{"chat_template.jinja": one, "tokenizer_config.json": chatKey(t, old)}, map[string]string{"default": one}},
		{"files", map[string]string{"chat_template.jinja": one, "additional_chat_templates/tool_use.jinja": two, "tokenizer_config.json": `{}`}, map[string]string{"default": one, "tool_use": two}},
		{"a list", map[string]string{"tokenizer_config.json": chatKey(t, []map[string]string{{"name": "default", "template": one}, {"name": "tool_use", "template": two}})},
			map[string]string{"default": one, "tool_use": two}},
	}
	adapter := shared.Path(t, "golden/models/lora/llama3-plain/adapter")
	for _, base := range bases {
		for _, format := range []string{export.Merged, export.BNB, export.PEFT} {
			t.Run(base.name+"/"+format, func(t *testing.T) {
				dir, _ := chattyOf(t, "llama3")
				os.Remove(filepath.Join(dir, "chat_template.jinja"))
				os.RemoveAll(filepath.Join(dir, "additional_chat_templates"))
				for name, text := range base.files {
					os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				from := ""
				if format == export.PEFT {
					from = adapter
				}
				s, err := export.Open("x", dir, from)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				to := t.TempDir()
				o := options(format)
				o.To = to
				run(t, s, o)

				for name, want := range base.want {
					file := "chat_template.jinja"
					if name != "default" {
						file = filepath.Join("additional_chat_templates", name+".jinja")
					}
					if got, err := os.ReadFile(filepath.Join(to, file)); err != nil || string(got) != want {
						t.Errorf("%s: %q, want %q (%v)", file, got, want, err)
					}
				}
				if diff := cmp.Diff(base.want, templates(t, to)); diff != "" {
					t.Errorf("read back (-want +got):\n%s", diff)
				}
				os.Remove(filepath.Join(to, "chat_template.jinja"))
				os.RemoveAll(filepath.Join(to, "additional_chat_templates"))
				if diff := cmp.Diff(base.want, templates(t, to)); diff != "" {
					t.Errorf("tokenizer_config.json (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func chatKey(t *testing.T, template any) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// templates are the texts of a folder by name.
func templates(t *testing.T, dir string) map[string]string {
	t.Helper()
	all, err := chat.Sources(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name := range all {
		texts[name] = all[name].Text
	}
	return texts
}
