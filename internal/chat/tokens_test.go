package chat_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

// TestGoldenTokens: the ids of rendered text and the tokens inside its spans.
func TestGoldenTokens(t *testing.T) {
	templates, inputs, tokenizers := goldenTemplates(t), goldenInputs(t), goldenTokenizers(t)
	for _, row := range lines[struct {
		Template, Conv, Mode, Tokenizer string
		IDs                             []int32
	}](t, "tokens.jsonl.gz") {
		got, err := templates[row.Template].RenderInput(inputs[row.Conv], modes[row.Mode])
		if err != nil {
			t.Errorf("%s %s %s: %v", row.Template, row.Conv, row.Mode, err)
			continue
		}
		diff := cmp.Diff(row.IDs, tokenizers[row.Tokenizer].Encode(got.Text, tokenizer.Options{}))
		shared.Equals(t, "chat template", row.Template, "ids", diff == "")
		if diff != "" {
			t.Errorf("%s %s %s: ids (-want +got)\n%s", row.Template, row.Conv, row.Mode, diff)
		}
	}
	masks := 0
	for _, row := range lines[goldenSpans](t, "spans.jsonl.gz") {
		if row.MaskInside == "" || !row.settled() {
			continue
		}
		masks++
		got, err := templates[row.Template].RenderInput(inputs[row.Conv], modes["full"])
		if err != nil {
			t.Errorf("%s %s: %v", row.Template, row.Conv, err)
			continue
		}
		tokens := tokenizers[row.Tokenizer].EncodeOffsets(got.Text, tokenizer.Options{})
		diff := cmp.Diff(row.MaskInside, maskText(got.Spans, tokens))
		shared.Equals(t, "chat template", row.Template, "masks", diff == "")
		if diff != "" {
			t.Errorf("%s %s: mask (-want +got)\n%s", row.Template, row.Conv, diff)
		}
	}
	t.Logf("%d masks compared", masks)
}

// settled: the golden spans are all expectations, so that the mask is one.
func (g goldenSpans) settled() bool {
	if len(g.Generation) > 0 {
		return true
	}
	for _, s := range g.Spans {
		if !s.Normative {
			return false
		}
	}
	return true
}

func maskText(spans []chat.Span, tokens []tokenizer.Token) string {
	var b strings.Builder
	for _, span := range chat.Mask(spans, tokens, func(t tokenizer.Token) (int, int) { return t.Start, t.End }) {
		b.WriteByte("01"[min(span+1, 1)])
	}
	return b.String()
}

func goldenTokenizers(t *testing.T) map[string]*tokenizer.Tokenizer {
	data, err := os.ReadFile(shared.Path(t, "golden/text/tokenizers/index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct {
		Name string
		Path string `json:"tokenizer_json"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	out := map[string]*tokenizer.Tokenizer{}
	for _, e := range index {
		switch e.Name {
		case "qwen3", "llama3_small", "deepseek_v4", "phi3_mini":
			if out[e.Name], err = tokenizer.Load(shared.Path(t, e.Path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}
