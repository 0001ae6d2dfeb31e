package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/cli"
)

// TestPull drives the verb against a ModelScope of two files; internal/hub tests what hubs do.
func TestPull(t *testing.T) {
	files := map[string]string{"config.json": `{"model_type": "llama"}`, "model.safetensors": "weights"}
	commit := strings.Repeat("1", 40)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.URL.Query().Get("FilePath"); name != "" {
			w.Write([]byte(files[name]))
			return
		}
		var list []map[string]any
		for name, text := range files {
			sum := sha256.Sum256([]byte(text))
			list = append(list, map[string]any{"Type": "blob", "Path": name, "Size": len(text), "Sha256": hex.EncodeToString(sum[:])})
		}
		data := map[string]any{"License": "mit", "Files": list, "LatestCommitter": map[string]any{"Id": commit, "ShortId": commit[:8]}}
		json.NewEncoder(w).Encode(map[string]any{"Code": 200, "Data": data})
	}))
	defer server.Close()
	t.Chdir(t.TempDir())
	t.Setenv("HOME", ".")
	t.Setenv("MODELSCOPE_ENDPOINT", server.URL)
	t.Setenv("MODELSCOPE_API_TOKEN", "")
	t.Setenv("MODELSCOPE_CACHE", "")
	t.Setenv("HF_HUB_OFFLINE", "")

	var stdout, stderr bytes.Buffer
	app := &cli.App{Stdout: &stdout, Stderr: &stderr}
	if code := app.Main([]string{"pull", "modelscope:owner/tiny"}); code != 0 {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	dir := filepath.Join("models", "owner", "tiny")
	if got := strings.TrimSpace(stdout.String()); got != dir {
		t.Errorf("printed %q, want %q", got, dir)
	}
	for _, want := range []string{commit, "licence mit", "2 files, 30 bytes, every digest right"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("said %s, want %q", &stderr, want)
		}
	}
	for name, text := range files {
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(raw) != text {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
}
