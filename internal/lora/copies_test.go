package lora_test

import (
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/lora"
	"fettle/internal/model/modeltest"
	"fettle/internal/safetensors"
)

// PEFT saves the embedding or the head that an adapter lies upon with it ("save_embedding_layers"). That is taken where it is
// the base's own, and said where it is not.
func TestCopiesOfTheBase(t *testing.T) {
	const embed = "base_model.model.model.embed_tokens.base_layer.weight"
	tests := []struct {
		name, target, stored string
		tied                 bool
		change               func([]float32)
		load, same           string // parts of the errors; "" = none
	}{
		{"embedding", "embed_tokens", embed, false, func([]float32) {}, "", ""},
		{"rounded", "embed_tokens", embed, false, func(x []float32) { x[5] *= 1.003 }, "", ""},
		{"another embedding", "embed_tokens", embed, false, func(x []float32) { x[5] += 0.01 }, "", "brings a model.embed_tokens that differs"},
		{"head of a tied model", "lm_head", "base_model.model.lm_head.base_layer.weight", true, func([]float32) {}, "", ""},
		{"beside other targets", "q_proj", "base_model.model.model.embed_tokens.weight", false, func([]float32) {}, "", ""},
		{"another projection", "q_proj", "base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight", false, func([]float32) {}, "belongs to no target", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m, base := tiny(t, tc.tied)
			a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 4, Targets: []string{tc.target}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := a.Save(dir, "tiny"); err != nil {
				t.Fatal(err)
			}
			copied := modeltest.Flat(t, base["model.embed_tokens.weight"])
			tc.change(copied)
			add(t, filepath.Join(dir, "adapter_model.safetensors"), tc.stored, copied, m.Config.Vocab, m.Config.Hidden)
			back, err := lora.Load(dir, m)
			if says(t, err, tc.load); err == nil {
				says(t, back.SameBase(lora.Plain(base)), tc.same)
			}
		})
	}
}

// add puts one more tensor into a file.
func add(t *testing.T, path, name string, values []float32, shape ...int) {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	all := []safetensors.Tensor{safetensors.FromFloat32(name, safetensors.F32, values, shape...)}
	for _, have := range f.Names() {
		info, _ := f.Info(have)
		x, err := f.Float32(have)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, safetensors.FromFloat32(have, safetensors.F32, x, info.Shape...))
	}
	f.Close()
	if err := safetensors.Write(path, all, nil); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// ensure_weight_tying asks for something only where an adapter touches a tied embedding.
func TestWeightTying(t *testing.T) {
	for _, tc := range []struct {
		target, want string
		tied         bool
	}{{"q_proj", "", true}, {"lm_head", "", false}, {"lm_head", "ensure_weight_tying", true}} {
		m, _ := tiny(t, tc.tied)
		a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 4, Targets: []string{tc.target}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := a.Save(dir, "tiny"); err != nil {
			t.Fatal(err)
		}
		replaceIn(t, filepath.Join(dir, "adapter_config.json"), `"r": 2`, `"r": 2, "ensure_weight_tying": true`)
		_, err = lora.Load(dir, m)
		says(t, err, tc.want)
	}
}
