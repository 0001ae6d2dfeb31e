package lfs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/chat"
	"fettle/internal/generate"
	"fettle/internal/gguf"
	"fettle/internal/lfs"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/tokenizer"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 988097824\n"

func TestCheck(t *testing.T) {
	tests := []struct {
		name, data string
		want       string // "" = no pointer
	}{
		{"a pointer", pointer, "of 988097824 bytes"},
		{"of an early git-lfs", "version https://hawser.github.com/spec/v1\noid sha256:00\nsize 12\n", "of 12 bytes"},
		{"with an extension", "version https://git-lfs.github.com/spec/v1\next-0-foo sha256:00\noid sha256:00\nsize 12\n", "of 12 bytes"},
		{"cut", pointer[:60], "not the file:"},
		{"with carriage returns", strings.ReplaceAll(pointer, "\n", "\r\n"), "of 988097824 bytes"},
		{"text about pointers", "the first line is " + pointer, ""},
		{"another version", "version 1.0\n", ""},
		{"nothing", "", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := lfs.Check([]byte(tc.data))
			if (err != nil) != (tc.want != "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestClonedWithoutLFS: whatever of a model directory is a pointer, its reader says so, in one line.
func TestClonedWithoutLFS(t *testing.T) {
	of := func(names ...string) func(t *testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(pointer), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
	}
	shards := func(t *testing.T) string {
		dir := of("model-00001-of-00001.safetensors")(t)
		index := `{"weight_map": {"a": "model-00001-of-00001.safetensors"}}`
		if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(index), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	weights := func(dir string) error { _, err := safetensors.Open(dir); return err }
	words := func(dir string) error { _, err := tokenizer.Load(dir); return err }
	turns := func(dir string) error { _, err := chat.Load(dir); return err }
	tests := []struct {
		name string
		dir  func(t *testing.T) string
		read func(dir string) error
	}{
		{"weights", of("model.safetensors"), weights},
		{"a shard", shards, weights},
		{"the index", of("model.safetensors.index.json"), weights},
		{"weights of GGUF", of("m.gguf"), func(dir string) error { _, err := gguf.Open(filepath.Join(dir, "m.gguf")); return err }},
		{"config", of("config.json"), func(dir string) error { _, err := model.Open(dir); return err }},
		{"generation config", of("generation_config.json"), func(dir string) error { _, _, err := generate.SamplingOf(dir); return err }},
		{"adapter config", of("adapter_config.json"), func(dir string) error { _, err := lora.Load(dir, nil); return err }},
		{"tokenizer.json", of("tokenizer.json"), words},
		{"tokenizer.model", of("tokenizer.model"), words},
		{"a vocabulary", of("vocab.json", "merges.txt"), words},
		{"ranks", of("qwen.tiktoken"), words},
		{"a template", of("chat_template.jinja"), turns},
		{"a template's config", of("tokenizer_config.json"), turns},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.read(tc.dir(t))
			if err == nil || !strings.Contains(err.Error(), "is a Git LFS pointer, not the file of 988097824 bytes: `git lfs pull`") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
}
