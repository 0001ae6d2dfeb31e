package serve_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/serve"
)

// A model that is served lies in memory once: not on the host and, from its first token on, with the backend too.
func TestWeightsOnce(t *testing.T) {
	dir, _ := tiny(t)
	config := filepath.Join(dir, "config.json")
	raw, err := os.ReadFile(config)
	must(t, err)
	var settings map[string]any
	must(t, json.Unmarshal(raw, &settings))
	settings["hidden_size"], settings["intermediate_size"], settings["head_dim"] = 768, 3072, 64
	raw, err = json.Marshal(settings)
	must(t, err)
	must(t, os.WriteFile(config, raw, 0o644))
	m, err := model.Open(dir)
	must(t, err)
	var size int64
	for _, p := range m.Parameters() {
		size += int64(p.GraphShape().ByteSize())
	}
	must(t, m.Save(dir, m.Init(1), "bf16"))
	var models *serve.Models
	high := backendtest.Peak(t, func() {
		models, err = serve.Open(serve.Source{Dir: dir, Backend: "go"})
		must(t, err)
		_, err = models.Generator(models.Names()[0]).Greedy(context.Background(), [][]int32{{3, 4, 5}})
		must(t, err)
	})
	defer models.Close()
	t.Logf("%d MB of weights take %d MB", size>>20, high>>20)
	if allowed := size + 24<<20; high > allowed {
		t.Errorf("%d MB of weights take %d MB, want %d at most", size>>20, high>>20, allowed>>20)
	}
}
