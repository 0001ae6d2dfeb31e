package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/model"
	"fettle/internal/tokenizer"
)

// A vocabulary grown by a token that the embedding has no row for: nothing adds the row silently. Who uses the token is
// told before a step is trained, who does not, trains.
func TestAVocabularyLargerThanTheEmbedding(t *testing.T) {
	p := newProject(t)
	dir := filepath.Join(p.root, "model")
	m, err := model.Open(dir)
	must(t, err)
	rows := m.Config.Vocab
	p.edit("model/tokenizer.json", `"added_tokens":[`, fmt.Sprintf(`"added_tokens":[{"id":%d,"content":"<|more|>","special":true},`, rows))
	tok, err := tokenizer.Load(dir)
	must(t, err)
	if tok.VocabSize() != rows+1 {
		t.Fatalf("the tokenizer has %d tokens, the embedding %d rows: this tests nothing", tok.VocabSize(), rows)
	}
	if r := p.run("inspect", "model"); !strings.Contains(r.stdout, fmt.Sprintf("the tokenizer has %d tokens, the embedding %d rows", rows+1, rows)) {
		t.Error(r.stdout)
	}
	p.run("run", "mini", "-local")

	p.edit("model/chat_template.jinja", "{%- else -%}\n{{- message", "{%- else -%}\n{{- '<|more|>' + message")
	r := p.try("run", "mini", "-local")
	if told := fmt.Sprintf("token %d: the model's vocabulary has %d", rows, rows); r.code != 1 || !strings.Contains(r.stderr, told) || strings.Contains(r.stderr, "step 1/") {
		t.Errorf("exit %d, want 1 and %q:\n%s", r.code, told, r.stderr)
	}
	again, err := model.Open(dir)
	must(t, err)
	if again.Config.Vocab != rows {
		t.Errorf("the embedding has %d rows, it had %d", again.Config.Vocab, rows)
	}
}
