package modeldir_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/modeldir"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func hash(path string) (string, error) {
	raw, err := os.ReadFile(path)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

func read(t *testing.T, root, path string) modeldir.Note {
	t.Helper()
	note, err := modeldir.Read(root, path, hash)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

var whole = map[string]string{"config.json": "{}", "generation_config.json": "{}", "tokenizer.json": "{}", "tokenizer_config.json": "{}",
	"chat_template.jinja": "x", "model.safetensors": "w", "README.md": "words"}

var sharded = map[string]string{"config.json": "{}", "vocab.json": "{}", "merges.txt": "a b", "model-1.safetensors": "w", "model-2.safetensors": "w",
	"model.safetensors.index.json": `{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}`}

func TestOpenRefusesWhatHasChanged(t *testing.T) {
	const config, tok, template, weights = "the configuration", "the tokenizer", "the chat template", "the weights"
	for _, tc := range []struct {
		dir  map[string]string
		file string
		part string
	}{
		{whole, "config.json", config}, {whole, "generation_config.json", config},
		{whole, "tokenizer.json", tok}, {whole, "tokenizer_config.json", tok}, {whole, "special_tokens_map.json", tok},
		{whole, "chat_template.jinja", template}, {whole, "additional_chat_templates/tool_use.jinja", template},
		{whole, "model.safetensors", weights},
		{sharded, "generation_config.json", config},
		{sharded, "tokenizer.json", tok}, {sharded, "tokenizer.model", tok}, {sharded, "vocab.json", tok}, {sharded, "merges.txt", tok},
		{sharded, "model-2.safetensors", weights}, {sharded, "model.safetensors", weights},
		{map[string]string{"config.json": "{}", "qwen.tiktoken": "YQ== 0", "only.safetensors": "w"}, "qwen.tiktoken", tok},
		{map[string]string{"config.json": "{}", "only.safetensors": "w"}, "only.safetensors", weights},
		{map[string]string{"config.json": "{}"}, "tokenizer.model", tok},
	} {
		root := t.TempDir()
		dir := filepath.Join(root, "models", "tiny")
		write(t, dir, tc.dir)
		note := read(t, root, "models/tiny")
		if note.Name != "models/tiny" {
			t.Errorf("name %q", note.Name)
		}
		if got, err := modeldir.Open(root, note, hash); err != nil || got != dir {
			t.Errorf("unchanged: %q, %v", got, err)
		}
		write(t, dir, map[string]string{tc.file: "changed"})
		if _, err := modeldir.Open(root, note, hash); err == nil || !strings.Contains(err.Error(), tc.part+" changed") {
			t.Errorf("%s changed: %v", tc.file, err)
		}
	}
}

// What nothing reads has no influence: it may come, change and go.
func TestWhatDecidesNothingMayChange(t *testing.T) {
	unread := []string{"README.md", "LICENSE", ".gitattributes", ".git/config", "logo.png", "preprocessor_config.json", "original/consolidated.00.pth",
		"pytorch_model.bin", "consolidated.safetensors", "tokenizer.model", "qwen.tiktoken", "onnx/model.onnx", "model.gguf"}
	for name, dir := range map[string]map[string]string{"whole": whole, "sharded": sharded} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "m"), dir)
			write(t, filepath.Join(root, "m"), map[string]string{"tokenizer.json": "{}"})
			want := read(t, root, "m")
			for _, file := range unread {
				write(t, filepath.Join(root, "m"), map[string]string{file: "other words"})
			}
			if diff := cmp.Diff(want, read(t, root, "m")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadNamesWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "m"), map[string]string{"tokenizer.json": "{}"})
	if _, err := modeldir.Read(root, "m", hash); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("no config: %v", err)
	}
	write(t, filepath.Join(root, "m"), map[string]string{"config.json": "{}"})
	if note := read(t, root, "m"); note.Weights != "" || note.Template != "" {
		t.Errorf("a directory to train from scratch: %+v", note)
	}
	write(t, filepath.Join(root, "m"), sharded)
	if err := os.Remove(filepath.Join(root, "m", "model-2.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := modeldir.Read(root, "m", hash); err == nil || !strings.Contains(err.Error(), "model-2.safetensors") {
		t.Errorf("a shard is missing: %v", err)
	}
}

func TestAdapter(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"adapter_config.json": "{}", "adapter_model.safetensors": "w"})
	digest := func() string {
		got, err := modeldir.Adapter(dir, hash)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := digest()
	write(t, dir, map[string]string{"README.md": "words", "trainer_state.json": "{}"})
	if got := digest(); got != want {
		t.Error("a file that nothing reads changed the digest of an adapter")
	}
	write(t, dir, map[string]string{"adapter_config.json": "changed"})
	if got := digest(); got == want {
		t.Error("the adapter's configuration is not in its digest")
	}
}

func TestFromNotes(t *testing.T) {
	want := modeldir.Note{Name: "a/b", Path: "models/b", Config: "c", Tokenizer: "t", Template: "j", Weights: "w"}
	notes := map[string]any{"model": map[string]any{"name": "a/b", "path": "models/b", "config": "c", "tokenizer": "t", "template": "j", "weights": "w"}}
	got, err := modeldir.FromNotes(notes)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := modeldir.FromNotes(map[string]any{}); err == nil {
		t.Error("a manifest that names no model is accepted")
	}
}

func TestTexts(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, sharded)
	write(t, dir, map[string]string{"tokenizer_config.json": "{}", "additional_chat_templates/rag.jinja": "x", "README.md": "words"})
	got, err := modeldir.Texts(dir)
	if diff := cmp.Diff([]string{"vocab.json", "merges.txt", "tokenizer_config.json", "additional_chat_templates/rag.jinja"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// The name is data of a training: it must not change with the folder that the project lies in.
func TestNameIsThatInTheProject(t *testing.T) {
	for _, tc := range []struct{ in, path, want string }{
		{"here", "model", "model"}, {"there", "model", "model"}, {"here", "models/owner/name", "owner/name"},
		{"here", "../elsewhere/model", "elsewhere/model"}, {"here", "./model/", "model"},
	} {
		at := t.TempDir()
		root := filepath.Join(at, tc.in)
		write(t, filepath.Join(root, tc.path), whole)
		if got := read(t, root, tc.path).Name; got != tc.want {
			t.Errorf("%s in %s: name %q, want %q", tc.path, tc.in, got, tc.want)
		}
		if got := read(t, root, filepath.Join(root, tc.path)).Name; got != tc.want {
			t.Errorf("%s in %s, absolute: name %q, want %q", tc.path, tc.in, got, tc.want)
		}
	}
}
