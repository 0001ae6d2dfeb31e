package inspect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/inspect"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// lay writes files below a new folder.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "it")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What is no model's folder is an error that says what it is instead.
func TestNoModel(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		path  string // below the folder
		want  string
	}{
		{name: "nothing there", path: "nowhere", want: "there is no "},
		{name: "empty", want: "is empty"},
		{name: "adapter", files: map[string]string{"adapter_config.json": `{"peft_type":"LORA","r":8,"base_model_name_or_path":"some/base"}`}, want: "adapter (LORA, rank 8) on some/base"},
		{name: "broken adapter", files: map[string]string{"adapter_config.json": `{`}, want: "broken adapter_config.json"},
		{name: "gguf folder", files: map[string]string{"m.gguf": "GGUF"}, want: "GGUF file (m.gguf)"},
		{name: "gguf file", files: map[string]string{"m.gguf": "GGUF"}, path: "m.gguf", want: "is a GGUF file"},
		{name: "other file", files: map[string]string{"config.json": "{}"}, path: "config.json", want: "is a file: want the folder"},
		{name: "data", files: map[string]string{"train.jsonl": "{}"}, want: "holds data (train.jsonl)"},
		{name: "data below", files: map[string]string{"zh/kb.jsonl": "{}"}, want: "holds data (zh/kb.jsonl)"},
		{name: "artifact", files: map[string]string{"manifest.json": "{}", "rows.parquet": ""}, want: "artifact of fettle"},
		{name: "hub cache", files: map[string]string{"snapshots/0a1b/config.json": "{}", "refs/main": "0a1b"}, want: "inspect the folder of snapshots/0a1b/config.json"},
		{name: "weights alone", files: map[string]string{"model.safetensors": ""}, want: "the file that says of what model is missing"},
		{name: "another form", files: map[string]string{"consolidated.00.pth": "", "params.json": "{}"}, want: "other than Hugging Face's"},
		{name: "something else", files: map[string]string{"notes.txt": "x"}, want: "here lies notes.txt"},
		{name: "config is empty", files: map[string]string{"config.json": ""}, want: "config.json: "},
		{name: "config is an array", files: map[string]string{"config.json": "[1]"}, want: "want a JSON object, found: array"},
		{name: "config is null", files: map[string]string{"config.json": "null"}, want: "want a JSON object, found null"},
		{name: "config is a pointer", files: map[string]string{"config.json": pointer}, want: "Git LFS pointer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inspect.Read(filepath.Join(lay(t, tt.files), tt.path), options)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
