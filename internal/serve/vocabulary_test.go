package serve_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/serve"
	"fettle/internal/tokenizer"
)

// An added token without a row in the embedding, as Gemma 3 has one for images, keeps no model from being served; a request that
// holds it is refused. Tokens of ordinary text without a row are another model's tokenizer.
func TestTokensWithoutARow(t *testing.T) {
	dir, _ := tiny(t)
	path := filepath.Join(dir, "tokenizer.json")
	tok, err := tokenizer.Load(dir)
	must(t, err)
	rows := tok.VocabSize()
	raw, err := os.ReadFile(path)
	must(t, err)
	var file map[string]json.RawMessage
	must(t, json.Unmarshal(raw, &file))
	var added []json.RawMessage
	must(t, json.Unmarshal(file["added_tokens"], &added))
	added = append(added, fmt.Appendf(nil, `{"id":%d,"content":"<|image|>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}`, rows))
	file["added_tokens"], err = json.Marshal(added)
	must(t, err)
	raw, err = json.Marshal(file)
	must(t, err)
	must(t, os.WriteFile(path, raw, 0o600))
	if tok, err = tokenizer.Load(dir); err != nil || tok.VocabSize() != rows+1 {
		t.Fatalf("%v: this tests nothing", err)
	}

	w := serving(t, serve.Source{Dir: dir, Backend: "go"}, nil)
	if code, body := w.post("/v1/chat/completions", `{`+hello+`,"max_tokens":2}`); code != http.StatusOK {
		t.Errorf("%d %s", code, body)
	}
	code, body := w.post("/v1/completions", fmt.Sprintf(`{"prompt":[%d],"max_tokens":2}`, rows))
	if want := fmt.Sprintf("token %d is not one of the model's %d", rows, rows); code != http.StatusBadRequest || !strings.Contains(body, want) {
		t.Errorf("%d %s, want %q", code, body, want)
	}

	must(t, os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, tinyConfig, tok.OrdinarySize()-1), 0o600))
	if _, err := serve.Open(serve.Source{Dir: dir, Backend: "go"}); err == nil || !strings.Contains(err.Error(), "another model's") {
		t.Errorf("got %v", err)
	}
}
