package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/hub"

	"github.com/google/go-cmp/cmp"
)

// fillCache writes what huggingface_hub leaves: blobs under their ETag, a snapshot of links, a ref.
func fillCache(t *testing.T, cache string, files map[string][]byte) (snapshot string) {
	t.Helper()
	folder := filepath.Join(cache, "models--owner--tiny")
	snapshot = filepath.Join(folder, "snapshots", commit)
	for name, b := range files {
		etag := blob(b)
		if large(name) {
			etag = sha(b)
		}
		write(t, filepath.Join(folder, "blobs", etag), b)
		link := filepath.Join(snapshot, name)
		os.MkdirAll(filepath.Dir(link), 0o755)
		to, _ := filepath.Rel(filepath.Dir(link), filepath.Join(folder, "blobs", etag))
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder, "refs", "main"), []byte(commit))
	return snapshot
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCacheIsUsed(t *testing.T) {
	h := newHub(t, tiny())
	e := h.env(t)
	snapshot := fillCache(t, e.HuggingFace.Cache, tiny())
	dir := filepath.Join(t.TempDir(), "tiny")
	if _, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir}); err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, tiny())
	if n := len(h.seen("store")); n != 0 {
		t.Errorf("%d files were brought in spite of the cache", n)
	}

	// A byte of the cache flips: the right size is not enough.
	real, _ := filepath.EvalSymlinks(filepath.Join(snapshot, shard))
	b := tiny()[shard]
	b[7] ^= 1
	write(t, real, b)
	dir = filepath.Join(t.TempDir(), "tiny")
	_, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
	if err != nil || !strings.Contains(said, "is not taken: its sha256 is") {
		t.Fatal(err, said)
	}
	sameModel(t, dir, tiny())
	if got := h.seen("store"); len(got) != 1 || got[0].name != shard {
		t.Errorf("brought %v, want the damaged file alone", got)
	}
}

func TestModelScopeCacheIsUsed(t *testing.T) {
	h := newHub(t, tiny())
	e := h.env(t)
	for name, b := range tiny() {
		write(t, filepath.Join(e.ModelScope.Cache, "models", repo, name), b)
	}
	dir := filepath.Join(t.TempDir(), "tiny")
	if _, _, err := pull(t, "modelscope:owner/tiny", e, hub.Options{To: dir}); err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, tiny())
	if n := len(h.seen("store")); n != 0 {
		t.Errorf("%d files were brought in spite of the cache", n)
	}
}

func TestOffline(t *testing.T) {
	tests := []struct {
		name, src string
		spoil     func(t *testing.T, snapshot string)
		err       string
	}{
		{"by the branch", "hf:owner/tiny", nil, ""},
		{"by the commit", "hf:owner/tiny@" + commit, nil, ""},
		{"another branch", "hf:owner/tiny@dev", nil, "does not know hf:owner/tiny@dev"},
		{"another commit", "hf:owner/tiny@" + later, nil, "does not hold commit " + later},
		{"another repository", "hf:owner/huge", nil, "does not know hf:owner/huge"},
		{"a shard lacks", "hf:owner/tiny", func(t *testing.T, s string) { os.Remove(filepath.Join(s, shard)) }, "names " + shard},
		{"config lacks", "hf:owner/tiny", func(t *testing.T, s string) { os.Remove(filepath.Join(s, "config.json")) }, "lacks config.json"},
		{"a link to nothing", "hf:owner/tiny", func(t *testing.T, s string) {
			real, _ := filepath.EvalSymlinks(filepath.Join(s, shard))
			os.Remove(real)
		}, "names " + shard},
		{"no links, no digests", "hf:owner/tiny", func(t *testing.T, s string) {
			os.Remove(filepath.Join(s, "config.json"))
			write(t, filepath.Join(s, "config.json"), []byte("{}"))
		}, "config.json: no link to a blob"},
		{"damaged", "hf:owner/tiny", func(t *testing.T, s string) {
			real, _ := filepath.EvalSymlinks(filepath.Join(s, "config.json"))
			write(t, real, []byte(`{"model_type": "LLAMA"}`))
		}, "damaged in the cache: config.json"},
		{"modelscope", "modelscope:owner/tiny", nil, "go online once"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			e := h.env(t)
			e.Offline = true
			snapshot := fillCache(t, e.HuggingFace.Cache, tiny())
			if tc.spoil != nil {
				tc.spoil(t, snapshot)
			}
			dir := filepath.Join(t.TempDir(), "tiny")
			_, _, err := pull(t, tc.src, e, hub.Options{To: dir})
			if !says(err, tc.err) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if tc.err == "" {
				sameModel(t, dir, tiny())
			} else if !says(err, tc.src) {
				t.Errorf("error %v does not name the source", err)
			}
			if h.requests() != 0 {
				t.Errorf("asked the hub: %v", h.asked)
			}
		})
	}
}

func TestOfflineTakesTheDirectoryItself(t *testing.T) {
	for _, src := range []string{"hf:owner/tiny", "modelscope:owner/tiny"} {
		t.Run(src[:2], func(t *testing.T) {
			h := newHub(t, tiny())
			e := h.env(t)
			dir := filepath.Join(t.TempDir(), "tiny")
			online, _, err := pull(t, src, e, hub.Options{To: dir})
			if err != nil {
				t.Fatal(err)
			}
			e.Offline = true
			offline, said, err := pull(t, src, e, hub.Options{To: dir})
			if diff := cmp.Diff(online, offline); err != nil || diff != "" {
				t.Fatal(err, diff, said)
			}
			write(t, filepath.Join(dir, "config.json"), []byte(`{"model_type": "LLAMA"}`))
			if _, said, err = pull(t, src, e, hub.Options{To: dir}); err == nil || !strings.Contains(said, "damaged: config.json") {
				t.Errorf("a damaged directory offline: %v, said %s", err, said)
			}
		})
	}
}
