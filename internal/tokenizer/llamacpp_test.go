package tokenizer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/internal/tokenizer"
)

const gpt2Regex = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// TestLlamaCpp compares with the test vectors of llama.cpp: 46 texts for each vocabulary.
func TestLlamaCpp(t *testing.T) {
	for _, c := range []struct {
		vectors, path string
		splits        []string // of a GGUF vocabulary
	}{
		{vectors: "gpt-2", path: "data/tokenizers/gpt2_vocab/examples/NLG/vocab/tokenizer.json"},
		{vectors: "roberta-bpe", path: "data/tokenizers/ortext/test/data/tokenizer/roberta-base/tokenizer.json"},
		{vectors: "falcon", path: "data/tokenizers/ortext/test/data/falcon-tokenizer/tokenizer.json"},
		{vectors: "phi-3", path: "data/tokenizers/ortext/test/data/phi-3-mini/tokenizer.json"},
		{vectors: "llama-spm", path: "data/tokenizers/dolma_tokenizers/tests/data/tokenizer/llama-test-tokenizer.json"},
		{vectors: "qwen2", path: "data/tokenizers/qwen3/tokenizer.json"},
		{vectors: "deepseek-r1-qwen", path: "data/tokenizers/qwen3/tokenizer.json"},
		{vectors: "bert-bge", path: "golden/text/tokenizers/bert_uncased/tokenizer.json"},
		{vectors: "mpt", splits: []string{gpt2Regex}},
		{vectors: "starcoder", splits: []string{`\p{N}`, gpt2Regex}},
		{vectors: "refact", splits: []string{`\p{N}`, gpt2Regex}},
		{vectors: "deepseek-llm", splits: []string{`[\r\n]`, `\s?[\p{Lu}\p{Ll}]+`, `\s?[!-/:-~！-／：-～‘-‟　-。]+`, `\s+$`, `[一-龥ࠀ-一가-퟿]+`, `\p{N}+`}},
		{vectors: "deepseek-coder", splits: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, `\p{N}`}},
	} {
		t.Run(c.vectors, func(t *testing.T) {
			base := shared.Path(t, "data/tokenizers/llamacpp_vocab") + "/ggml-vocab-" + c.vectors + ".gguf"
			var tok *tokenizer.Tokenizer
			var err error
			if c.path != "" {
				tok, err = tokenizer.Load(shared.Path(t, c.path))
			} else {
				tok, err = tokenizer.Parse(ggufTokenizer(t, base, c.splits))
			}
			if err != nil {
				t.Fatal(err)
			}
			compareVectors(t, tok, base)
		})
	}
}

func compareVectors(t *testing.T, tok *tokenizer.Tokenizer, base string) {
	t.Helper()
	in, err := os.ReadFile(base + ".inp")
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(base + ".out")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.TrimSuffix(string(in), "\n__ggml_vocab_test__\n"), "\n__ggml_vocab_test__\n")
	wants := strings.Split(string(out), "\n")
	for i, text := range texts {
		want := []int32{}
		for _, id := range strings.Fields(wants[i]) {
			var n int32
			fmt.Sscan(id, &n)
			want = append(want, n)
		}
		if diff := cmp.Diff(want, tok.Encode(text, tokenizer.Options{})); diff != "" {
			t.Errorf("%.60q (-want +got):\n%.800s", text, diff)
		}
	}
}

// ggufTokenizer makes a tokenizer.json of the byte-level vocabulary in a GGUF file.
func ggufTokenizer(t *testing.T, path string, splits []string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	meta, types := ggufVocab(data)
	vocab := map[string]int{}
	var added []tokenizer.AddedToken
	for id, token := range meta["tokenizer.ggml.tokens"] {
		vocab[token] = id
		if types[id] == 4 { // user defined
			added = append(added, tokenizer.AddedToken{ID: int32(id), Content: token})
		}
	}
	var pre []any
	for _, s := range splits {
		pre = append(pre, map[string]any{"type": "Split", "pattern": map[string]string{"Regex": s}, "behavior": "Isolated"})
	}
	pre = append(pre, map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})
	file, err := json.Marshal(map[string]any{
		"added_tokens":  added,
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": pre},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": meta["tokenizer.ggml.merges"]},
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// ggufVocab are the arrays of strings in the metadata of a GGUF file, and the kinds of its tokens.
func ggufVocab(data []byte) (map[string][]string, []uint64) {
	at := 24 // after magic, version, numbers of tensors and of keys
	count := binary.LittleEndian.Uint64(data[16:])
	number := func(size int) uint64 {
		var b [8]byte
		copy(b[:], data[at:at+size])
		at += size
		return binary.LittleEndian.Uint64(b[:])
	}
	text := func() string {
		n := int(number(8))
		at += n
		return string(data[at-n : at])
	}
	sizes := map[uint64]int{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
	out := map[string][]string{}
	var types []uint64
	for range count {
		key, kind := text(), number(4)
		switch kind {
		case 8:
			text()
		case 9:
			kind, n := number(4), number(8)
			for range n {
				switch {
				case kind == 8:
					out[key] = append(out[key], text())
				case key == "tokenizer.ggml.token_type":
					types = append(types, number(4))
				default:
					at += sizes[kind]
				}
			}
		default:
			at += sizes[kind]
		}
	}
	return out, types
}
