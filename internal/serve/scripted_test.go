package serve_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/serve"
	"fettle/internal/tokenizer"
)

const scriptedConfig = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":%d,"hidden_size":64,"intermediate_size":16,
"num_hidden_layers":1,"num_attention_heads":4,"num_key_value_heads":4,"head_dim":16,"hidden_act":"silu","rms_norm_eps":1e-5,
"max_position_embeddings":1024,"tie_word_embeddings":false,"bos_token_id":0,"eos_token_id":2,"rope_theta":10000.0}`

// scripted writes a model that always says the same: every token of its answer has the next one as its only likely successor,
// whatever stands before. pieces are the answer's tokens, all different; those in special are special tokens.
func scripted(t testing.TB, template string, pieces, special []string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scripted")
	must(t, os.Mkdir(dir, 0o755))
	all := []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	for _, p := range append(slices.Clone(special), pieces...) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	trained, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: 260 + len(all), Special: all, Alphabet: true}, slices.Values([]string{"a b"}))
	must(t, err)
	path := filepath.Join(dir, "tokenizer.json")
	must(t, trained.Save(path))
	unmark(t, path, pieces, special)
	must(t, os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, scriptedConfig, len(trained.Vocab)), 0o644))
	tok, err := tokenizer.Load(dir)
	must(t, err)
	ids := tok.Encode("\n"+strings.Join(pieces, "")+"<|im_end|>", tokenizer.Options{})
	if len(ids) != len(pieces)+2 {
		t.Fatalf("the script has %d tokens, want %d", len(ids), len(pieces)+2)
	}
	m, err := model.Open(dir)
	must(t, err)
	w := m.Init(1)
	set := func(name string, value func(i int) float32) {
		v := make([]float32, w[name].Shape().Size())
		for i := range v {
			v[i] = value(i)
		}
		w[name] = tensors.FromFlatDataAndDimensions(v, w[name].Shape().Dimensions...)
	}
	const hidden = 64
	rng := rand.New(rand.NewPCG(5, 6))
	embed := make([]float32, w["model.embed_tokens.weight"].Shape().Size())
	for i := range embed {
		embed[i] = float32(rng.NormFloat64())
	}
	head := make([]float32, len(embed))
	for i, id := range ids[:len(ids)-1] {
		copy(head[int(ids[i+1])*hidden:][:hidden], embed[int(id)*hidden:])
	}
	set("model.embed_tokens.weight", func(i int) float32 { return embed[i] })
	set("lm_head.weight", func(i int) float32 { return head[i] })
	for _, name := range []string{"model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.down_proj.weight"} {
		set(name, func(int) float32 { return 0 })
	}
	must(t, m.Save(dir, w, "f32"))
	return dir
}

// unmark makes the pieces ordinary added tokens.
func unmark(t testing.TB, path string, pieces, special []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	var file map[string]any
	must(t, json.Unmarshal(raw, &file))
	for _, a := range file["added_tokens"].([]any) {
		token := a.(map[string]any)
		text := token["content"].(string)
		token["special"] = !slices.Contains(pieces, text) || slices.Contains(special, text)
	}
	raw, err = json.Marshal(file)
	must(t, err)
	must(t, os.WriteFile(path, raw, 0o644))
}

// speak serves a scripted model.
func speak(t testing.TB, template string, pieces, special []string) *world {
	t.Helper()
	return serving(t, serve.Source{Dir: scripted(t, template, pieces, special), Backend: "go"}, nil)
}
