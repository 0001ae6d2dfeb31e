package format

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
)

// altered is the bundled base with a text replaced in one of its files.
func altered(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), old, new, 1)
	if text == string(raw) {
		t.Fatalf("%s holds no %q", file, old)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func encoded(t *testing.T, dir, date string) (example, string, error) {
	t.Helper()
	s := defaults()
	s.Date = date
	e, err := newEncoder(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.one(asked("How are files listed?", "ls"))
	if err != nil {
		return example{}, "", err
	}
	return all[0], e.language.Tokenizer.Decode(all[0].ids, false), nil
}

// A tokenizer that adds a start token to every text adds none to a chat, whose template prints its own.
func TestOneStart(t *testing.T) {
	want, _, err := encoded(t, base, "")
	if err != nil {
		t.Fatal(err)
	}
	const adds = `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|user|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
		"pair":[{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<|user|>":{"id":"<|user|>","ids":[1],"tokens":["<|user|>"]}}}`
	got, _, err := encoded(t, altered(t, "tokenizer.json", `"post_processor":null`, adds), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.ids, got.ids); diff != "" || got.ids[0] != 1 || got.ids[1] == 1 {
		t.Errorf("ids %s", diff)
	}
}

// Where padding and end are one token, the end of an answer is learnt as before: what is masked goes by place.
func TestPaddingThatIsTheEnd(t *testing.T) {
	want, _, err := encoded(t, base, "")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := encoded(t, altered(t, "config.json", `"pad_token_id": 0`, `"pad_token_id": 3`), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.labels, got.labels); diff != "" || !slices.Contains(got.labels, 3) {
		t.Errorf("labels %v: %s", got.labels, diff)
	}
	if got.labels[len(got.labels)-1] == schemas.Untrained {
		t.Error("the end of the answer is not learnt")
	}
}

// A template that prints the date prints the one of the settings, whatever the clock says, and without one there is none.
func TestDateIsASetting(t *testing.T) {
	dir := altered(t, "chat_template.jinja", "{%- for message", "{{- strftime_now('%Y-%m-%d') -}}\n{%- for message")
	if _, text, err := encoded(t, dir, ""); err == nil {
		t.Errorf("without a date it is %q", text)
	}
	if _, text, err := encoded(t, dir, "2025-03-09"); err != nil || !strings.HasPrefix(text, "2025-03-09") {
		t.Errorf("it is %q, %v", text, err)
	}
}
