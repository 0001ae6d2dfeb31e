package modeldir_test

import (
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
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var whole = map[string]string{"config.json": "{}", "tokenizer.json": "{}", "chat_template.jinja": "x", "model.safetensors": "w", "README.md": "words"}

func TestOpenRefusesWhatHasChanged(t *testing.T) {
	for file, part := range map[string]string{"config.json": "config.json", "tokenizer.json": "the tokenizer", "tokenizer_config.json": "the tokenizer",
		"chat_template.jinja": "the chat template", "model.safetensors": "the weights", "more.safetensors": "the weights"} {
		root := t.TempDir()
		dir := filepath.Join(root, "models", "tiny")
		write(t, dir, whole)
		note, err := modeldir.Read(root, "models/tiny")
		if err != nil {
			t.Fatal(err)
		}
		if note.Name != "models/tiny" {
			t.Errorf("name %q", note.Name)
		}
		if got, err := modeldir.Open(root, note); err != nil || got != dir {
			t.Errorf("unchanged: %q, %v", got, err)
		}
		write(t, dir, map[string]string{file: "changed"})
		if _, err := modeldir.Open(root, note); err == nil || !strings.Contains(err.Error(), part+" changed") {
			t.Errorf("%s changed: %v", file, err)
		}
	}
}

func TestWhatDecidesNothingMayChange(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "m"), whole)
	note, err := modeldir.Read(root, "m")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "m"), map[string]string{"README.md": "other words"})
	if _, err := modeldir.Open(root, note); err != nil {
		t.Error(err)
	}
}

func TestReadNamesWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "m"), map[string]string{"tokenizer.json": "{}"})
	if _, err := modeldir.Read(root, "m"); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("no config: %v", err)
	}
	write(t, filepath.Join(root, "m"), map[string]string{"config.json": "{}"})
	note, err := modeldir.Read(root, "m")
	if err != nil || note.Weights != "" || note.Template != "" {
		t.Errorf("a directory to train from scratch: %+v, %v", note, err)
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
