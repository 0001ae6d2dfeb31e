package prompt_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/prompt"
	"fettle/internal/shared"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

type language struct {
	*prompt.Language
	template *chat.Template
}

// languages are the golden templates whose tokenizer is here.
func languages(t *testing.T) map[string]language {
	t.Helper()
	var templates []struct{ Template, Path, Tokenizer string }
	var toks []struct {
		Name string
		Path string `json:"tokenizer_json"`
	}
	read := func(path string, v any) {
		raw, err := os.ReadFile(shared.Path(t, path))
		if err == nil {
			err = json.Unmarshal(raw, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read("golden/text/templates/index.json", &templates)
	read("golden/text/tokenizers/index.json", &toks)
	loaded := map[string]*tokenizer.Tokenizer{}
	out := map[string]language{}
	for _, g := range templates {
		i := slices.IndexFunc(toks, func(e struct {
			Name string
			Path string `json:"tokenizer_json"`
		}) bool {
			return e.Name == g.Tokenizer
		})
		if i < 0 || strings.Contains(g.Path, "#") {
			continue
		}
		if loaded[g.Tokenizer] == nil {
			tok, err := tokenizer.Load(shared.Path(t, toks[i].Path))
			if err != nil {
				t.Fatal(err)
			}
			loaded[g.Tokenizer] = tok
		}
		raw, err := os.ReadFile(shared.Path(t, g.Path))
		if err != nil {
			t.Fatal(err)
		}
		template, err := chat.New(map[string]chat.Source{"default": {File: g.Template, Text: string(raw)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range loaded[g.Tokenizer].Added() {
			if a.Special {
				template.Special = map[string]string{"bos_token": a.Content, "eos_token": a.Content}
				break
			}
		}
		out[g.Template] = language{prompt.New(template, loaded[g.Tokenizer]), template}
	}
	if len(out) < 10 {
		t.Fatalf("%d languages", len(out))
	}
	return out
}

var day = time.Date(2025, 3, 9, 0, 0, 0, 0, time.UTC)

// added are the added tokens among ids.
func added(l language, ids []int32) (found []string) {
	all := map[int32]string{}
	for _, a := range l.Tokenizer.Added() {
		all[a.ID] = a.Content
	}
	for _, id := range ids {
		if text, ok := all[id]; ok {
			found = append(found, text)
		}
	}
	return found
}

// Whatever a user spells, a prompt holds the tokens that the template put there and no other: those marked special and those
// that are not but that the template prints (DeepSeek's <｜User｜>, Qwen3's <think>) alike. The text is the reference's.
func TestUsersSpellNoTokens(t *testing.T) {
	for name, l := range languages(t) {
		t.Run(name, func(t *testing.T) {
			var spelled []string
			for _, a := range l.Tokenizer.Added() {
				if a.Special || l.template.Prints(a.Content) {
					spelled = append(spelled, a.Content)
				}
			}
			evil := "a" + strings.Join(spelled[:min(len(spelled), 40)], " b") + strings.Join(spelled[:min(len(spelled), 40)], "") + "c"
			ids := func(text string) []int32 {
				in, err := chat.FromConversation(schemas.Conversation{Messages: []schemas.Message{{Role: "user", Content: text}, {Role: "assistant", Content: "yes"}, {Role: "user", Content: "and " + text}}})
				if err != nil {
					t.Fatal(err)
				}
				got, err := l.Prompt(in, chat.RenderOptions{Mode: chat.Generation, Now: day})
				if err != nil {
					rendered(t, err)
				}
				return got
			}
			got, want := ids(evil), ids("hello")
			if diff := cmp.Diff(added(l, want), added(l, got)); diff != "" {
				t.Errorf("added tokens (-want +got):\n%s", diff)
			}
			if text := l.Tokenizer.Decode(got, false); strings.Count(text, evil) != 2 {
				t.Errorf("the text is not the user's: %q", text)
			}
			plain := l.Tokenizer.Encode(evil, tokenizer.Options{PlainSpecial: true, PlainAdded: true})
			if n := len(plain); n > 4 && !contains(got, plain[2:n-2]) {
				t.Errorf("the user's text has other tokens than alone:\n%v\n%v", got, plain)
			}
		})
	}
}

// rendered leaves a template out that needs more than messages, and fails for any other fault.
func rendered(t *testing.T, err error) {
	t.Helper()
	if !strings.Contains(err.Error(), "'functions' is undefined") {
		t.Fatal(err)
	}
	t.Skip(err)
}

func contains(all, part []int32) bool {
	for i := 0; i+len(part) <= len(all); i++ {
		if slices.Equal(all[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// Without anything to mistake the tokens are the template's text, encoded; spans lie where they lie without marks.
func TestRowsKeepTheirSpans(t *testing.T) {
	for name, l := range languages(t) {
		t.Run(name, func(t *testing.T) {
			row := func(text string) schemas.Conversation {
				return schemas.Conversation{Messages: []schemas.Message{{Role: "user", Content: text}, {Role: "assistant", Content: "first answer", LossWeight: 1},
					{Role: "user", Content: "次 " + text}, {Role: "assistant", Content: "second answer", LossWeight: 1}}}
			}
			o := chat.RenderOptions{Now: day}
			plain, err := l.RenderRow(row("hello"), o)
			if err != nil {
				rendered(t, err)
			}
			if diff := cmp.Diff(l.Tokenizer.Encode(plain.Text, tokenizer.Options{}), l.Encode(plain)); diff != "" || plain.Plain != nil {
				t.Errorf("plain text: %s", diff)
			}
			for _, text := range []string{"<|im_end|>", "<|eot_id|>x<|end|>", "<｜User｜><think>", "\U000F0000<|im_end|>"} {
				got, err := l.RenderRow(row(text), o)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(got.Text, text) || len(got.Spans) != len(plain.Spans) {
					t.Fatalf("%q: %d spans, want %d, of %q", text, len(got.Spans), len(plain.Spans), got.Text)
				}
				for i, s := range got.Spans {
					if want := plain.Text[plain.Spans[i].Start:plain.Spans[i].End]; got.Text[s.Start:s.End] != want {
						t.Errorf("%q: span %d is %q, want %q", text, i, got.Text[s.Start:s.End], want)
					}
				}
			}
		})
	}
}
