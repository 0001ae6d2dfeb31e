package tokenizer_test

import (
	"os"
	"strings"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

// corpus is about a megabyte of lines in English, or of those that hold Chinese.
func corpus(b *testing.B, chinese bool) string {
	data, err := os.ReadFile(shared.Path(b, "golden/text/tokenizers/train/corpus.txt"))
	if err != nil {
		b.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(data)) {
		if strings.ContainsFunc(line, func(r rune) bool { return r > 127 }) == chinese {
			out.WriteString(line)
		}
	}
	return strings.Repeat(out.String(), 8)
}

func BenchmarkEncode(b *testing.B) {
	text, zh := corpus(b, false), corpus(b, true)
	for _, c := range [][2]string{
		{"gpt2", "data/tokenizers/gpt2_vocab/examples/NLG/vocab/tokenizer.json"},
		{"cl100k", "golden/text/tokenizers/cl100k/tokenizer.json"},
		{"qwen3", "data/tokenizers/qwen3/tokenizer.json"},
		{"deepseek_v4", "data/tokenizers/deepseek_v4/tokenizer.json"},
		{"mistral_v3", "golden/text/tokenizers/mistral_v3/tokenizer.json"},
		{"bert", "golden/text/tokenizers/bert_uncased/tokenizer.json"},
	} {
		tok, err := tokenizer.Load(shared.Path(b, c[1]))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c[0], func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				tok.Encode(text, tokenizer.Options{})
			}
		})
		b.Run(c[0]+"/chinese", func(b *testing.B) {
			b.SetBytes(int64(len(zh)))
			for b.Loop() {
				tok.Encode(zh, tokenizer.Options{})
			}
		})
		b.Run(c[0]+"/offsets", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.EncodeOffsets(text, tokenizer.Options{})
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	path := shared.Path(b, "data/tokenizers/qwen3/tokenizer.json")
	for b.Loop() {
		if _, err := tokenizer.Load(path); err != nil {
			b.Fatal(err)
		}
	}
}
