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
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fettle/internal/cli"

	"github.com/google/go-cmp/cmp"
)

var (
	files  = map[string]string{"config.json": `{"model_type": "llama"}`, "model.safetensors": "weights"}
	commit = strings.Repeat("1", 40)
)

// modelScope serves two files by send, and makes the rest of the test live in an empty folder.
func modelScope(t *testing.T, send func(w http.ResponseWriter, r *http.Request, text string)) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.URL.Query().Get("FilePath"); name != "" {
			send(w, r, files[name])
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
	t.Cleanup(server.Close)
	t.Chdir(t.TempDir())
	t.Setenv("HOME", ".")
	t.Setenv("MODELSCOPE_ENDPOINT", server.URL)
	t.Setenv("MODELSCOPE_API_TOKEN", "")
	t.Setenv("MODELSCOPE_CACHE", "")
	t.Setenv("HF_HUB_OFFLINE", "")
}

// TestPull drives the verb against a ModelScope of two files; internal/hub tests what hubs do.
func TestPull(t *testing.T) {
	modelScope(t, func(w http.ResponseWriter, _ *http.Request, text string) { w.Write([]byte(text)) })
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

// TestPullInterrupted: Ctrl-C ends a pull with its own exit code; what came stays, and the next pull asks for the rest.
func TestPullInterrupted(t *testing.T) {
	var ranges []string
	modelScope(t, func(w http.ResponseWriter, r *http.Request, text string) {
		if text != files["model.safetensors"] {
			w.Write([]byte(text))
			return
		}
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"one"`)
		if len(ranges) > 1 {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.Write([]byte(text[:4]))
		w.(http.Flusher).Flush()
		time.Sleep(50 * time.Millisecond) // until the bytes have arrived
		syscall.Kill(os.Getpid(), syscall.SIGINT)
		<-r.Context().Done()
	})
	var stdout, stderr bytes.Buffer
	app := &cli.App{Stdout: &stdout, Stderr: &stderr}
	args := []string{"pull", "-parallel", "1", "modelscope:owner/tiny"}
	if code := app.Main(args); code != 130 || !strings.Contains(stderr.String(), "stopped by interrupt") || stdout.Len() > 0 {
		t.Fatalf("exit %d: %s%s", code, &stdout, &stderr)
	}
	if code := app.Main(args); code != 0 {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	if diff := cmp.Diff([]string{"", "bytes=4-"}, ranges); diff != "" {
		t.Error(diff)
	}
}
