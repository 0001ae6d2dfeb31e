package export_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"fettle/internal/chat"
	"fettle/internal/export"
	"fettle/internal/shared"
)

func parse(t *testing.T, text string, special map[string]string) *chat.Template {
	t.Helper()
	c, err := chat.New(map[string]chat.Source{"default": {File: "test", Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	c.Special = special
	return c
}

func TestModelfile(t *testing.T) {
	const chatML = `{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`
	tests := []struct{ name, template, want, refused, note string }{
		{"chatml", chatML, "<|im_start|>user\n{{ $m.Content }}<|im_end|>\n", "", ""},
		{"default system", `{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}` + chatML, `{{ if ne (index .Messages 0).Role "system" }}<|im_start|>system`, "", ""},
		{"bos", `{{ bos_token }}` + chatML, `TEMPLATE """{{ range`, "", ""},
		{"trims", strings.ReplaceAll(chatML, "m.content", "m.content|trim"), "", "", "trims white space"},
		{"no system", `{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}` + chatML, "", "", "takes no system message"},
		{"braces", strings.ReplaceAll(chatML, "<|im_end|>", "{"+"{"), `{{ "{{" }}`, "", ""},
		{"date", `{{ strftime_now('%d %b %Y') }}` + chatML, "", "date", ""},
		{"counts", `{% for m in messages %}{{ loop.index ~ m.content }}{% endfor %}{% if add_generation_prompt %}A:{% endif %}`, "", "cannot be said", ""},
		{"no prompt", `{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ m.content + '</s>' }}{% endif %}{% endfor %}`, "[INST] {{ $m.Content }} [/INST]", "", ""},
		{"prompt says more", strings.ReplaceAll(chatML, "assistant", "' + messages[0].role + '"), "", "cannot be said", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, notes, err := export.Modelfile(parse(t, tt.template, map[string]string{"bos_token": "<s>"}), "./x.gguf", 1024)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v, want %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, tt.want) || !strings.Contains(strings.Join(notes, "\n"), tt.note) {
				t.Errorf("%s\nnotes %q", text, notes)
			}
		})
	}
}

// Every template of the reference is either said and proven, or refused with a reason.
func TestModelfileOfKnownModels(t *testing.T) {
	var index []struct {
		Template, Path string
		BOS            *string `json:"bos_token"`
	}
	raw, err := os.ReadFile(shared.Path(t, "golden/text/templates/index.json"))
	if err == nil {
		err = json.Unmarshal(raw, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, g := range index {
		if strings.Contains(g.Path, "#") {
			continue
		}
		text, err := os.ReadFile(shared.Path(t, g.Path))
		if err != nil {
			t.Fatal(err)
		}
		special := map[string]string{}
		if g.BOS != nil {
			special["bos_token"] = *g.BOS
		}
		if _, _, err := export.Modelfile(parse(t, string(text), special), ".", 1); err == nil {
			said++
		} else {
			t.Logf("%s: %v", g.Template, err)
		}
	}
	if said < 5 {
		t.Errorf("%d of %d templates could be said", said, len(index))
	}
	t.Logf("%d of %d templates said", said, len(index))
}
