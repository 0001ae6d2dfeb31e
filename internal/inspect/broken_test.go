package inspect_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/internal/inspect"
)

const base = "../../pipelines/quickstart/base"

// damaged is a copy of the bundled base with some files replaced ("" = removed) and fields of its config set (nil = removed).
func damaged(t *testing.T, files map[string]string, set map[string]any) string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(base, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(raw)
	}
	if set != nil {
		var config map[string]any
		if err := json.Unmarshal([]byte(all["config.json"]), &config); err != nil {
			t.Fatal(err)
		}
		maps.Copy(config, set)
		raw, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		all["config.json"] = string(raw)
	}
	maps.Copy(all, files)
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return lay(t, all)
}

// What keeps fettle from running a model is a problem, what it runs in spite of is an oddity; both are told in one's own words.
func TestDamaged(t *testing.T) {
	weights, err := os.ReadFile(filepath.Join(base, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(base, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	larger := strings.Replace(string(raw), `}],"normalizer"`, `},{"id":4096,"content":"<more>","special":true}],"normalizer"`, 1)
	if larger == string(raw) {
		t.Fatal("the tokenizer has no list of added tokens to lengthen")
	}
	const adds = `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|user|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],` +
		`"pair":[{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<|user|>":{"id":"<|user|>","ids":[1],"tokens":["<|user|>"]}}}`
	starts := strings.Replace(string(raw), `"post_processor":null`, adds, 1)
	tests := []struct {
		name         string
		files        map[string]string
		set          map[string]any
		problem, odd string // "" = none of them
	}{
		{name: "whole"},
		{name: "no weights", files: map[string]string{"model.safetensors": ""}, odd: "no weights here"},
		{name: "weights cut", files: map[string]string{"model.safetensors": string(weights[:len(weights)/2])}, problem: "the weights cannot be read: model.safetensors: tensors fill"},
		{name: "weights a pointer", files: map[string]string{"model.safetensors": pointer}, problem: "model.safetensors: it is a Git LFS pointer"},
		{name: "weights a pickle", files: map[string]string{"model.safetensors": "", "pytorch_model.bin": "x"}, problem: "pytorch_model.bin, a pickle"},
		{name: "weights in GGUF", files: map[string]string{"model.safetensors": "", "m.gguf": "x"}, problem: "the weights are in m.gguf"},
		{name: "shard missing", files: map[string]string{"model.safetensors": "", "model.safetensors.index.json": `{"weight_map":{"a":"b.safetensors"}}`}, problem: "b.safetensors: no such file"},
		{name: "tokenizer missing", files: map[string]string{"tokenizer.json": ""}, odd: "the tokenizer cannot be read: it has none of tokenizer.json"},
		{name: "tokenizer a pointer", files: map[string]string{"tokenizer.json": pointer}, odd: "tokenizer.json: it is a Git LFS pointer"},
		// Trap 24: a vocabulary grown for a padding token.
		{name: "tokenizer larger", files: map[string]string{"tokenizer.json": larger}, odd: "the tokenizer has 4097 tokens, the embedding 4096 rows"},
		{name: "two starts", files: map[string]string{"tokenizer.json": starts}, odd: "the template prints <|user|> and the tokenizer adds another"},
		{name: "vocab_size larger than the weights", set: map[string]any{"vocab_size": 4103}, problem: "model.embed_tokens.weight has shape [4096 192], config.json asks for [4103 192]",
			odd: "7 rows more than the tokenizer has tokens"},
		{name: "fewer layers", set: map[string]any{"num_hidden_layers": 3}, problem: "weights are no part of a llama model"},
		{name: "more layers", set: map[string]any{"num_hidden_layers": 5}, problem: "9 weights are missing in the file: model.layers.4.input_layernorm.weight"},
		{name: "no head", set: map[string]any{"tie_word_embeddings": false}, problem: "weight lm_head.weight is missing"},
		{name: "negative", set: map[string]any{"num_hidden_layers": -3}, problem: "config.json: num_hidden_layers is -3"},
		{name: "endless", set: map[string]any{"num_hidden_layers": 1_000_000_000}, problem: "num_hidden_layers is 1000000000"},
		{name: "absurd", set: map[string]any{"hidden_size": 1_000_000_000_000_000}, problem: "hidden_size is 1000000000000000"},
		{name: "unknown model", set: map[string]any{"model_type": "mixtral"}, problem: `config.json: model_type: "mixtral" is not supported`},
		{name: "two faults", set: map[string]any{"hidden_act": "relu", "twist": 1}, problem: "config.json: twist: 1"},
		{name: "generation config broken", files: map[string]string{"generation_config.json": "{"}, problem: "generation_config.json: "},
		{name: "other end tokens", files: map[string]string{"generation_config.json": `{"eos_token_id": [7]}`}, odd: "config.json ends an answer at [3], generation_config.json does not"},
		{name: "end token nowhere", files: map[string]string{"generation_config.json": `{"eos_token_id": [3, 99999]}`}, odd: "the end token 99999 is outside of the vocabulary"},
		{name: "no template", files: map[string]string{"chat_template.jinja": ""}, odd: "no chat template"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := damaged(t, tt.files, tt.set)
			r := read(t, dir)
			holds(t, "problems", r.Problems, tt.problem, dir)
			holds(t, "oddities", r.Oddities, tt.odd, dir)
			var b strings.Builder
			r.Print(&b)
			for _, line := range strings.Split(b.String(), "\n") {
				if n := len([]rune(line)); n > 118 {
					t.Errorf("a line of %d: %s", n, line)
				}
			}
		})
	}
}

// holds wants one of the lines to begin with a text or, where there is none, no line; and no line to tell the way to the folder.
func holds(t *testing.T, what string, lines []string, want, dir string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	if want == "" && all != "" || !strings.Contains(all, want) {
		t.Errorf("%s: %q, want %q", what, lines, want)
	}
	if strings.Contains(all, dir) {
		t.Errorf("%s tell the folder's path: %s", what, all)
	}
}

// A broken template is no missing one.
func TestBrokenTemplate(t *testing.T) {
	r := read(t, damaged(t, map[string]string{"chat_template.jinja": "{% for x in %}"}, nil))
	if !strings.HasPrefix(r.Template, "broken: chat_template.jinja:1:13") || len(r.Oddities) > 0 {
		t.Errorf("template %q, oddities %q", r.Template, r.Oddities)
	}
}

// Of a model that fettle does not know, what its files say by themselves is still told.
func TestUnknownFamily(t *testing.T) {
	r := read(t, damaged(t, nil, map[string]any{"model_type": "mixtral", "eos_token_id": []int{3, 4}}))
	want := []inspect.Token{{ID: 3, Text: "<|end|>"}}
	if len(r.EOS) != 2 || !slices.Contains(r.EOS, want[0]) || r.Stored["bf16"] == 0 || r.Parameters != 0 {
		t.Errorf("end tokens %v, stored %v, parameters %d", r.EOS, r.Stored, r.Parameters)
	}
}
