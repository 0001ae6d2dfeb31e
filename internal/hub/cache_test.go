package hub_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/hub"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
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
	for _, below := range []string{ // modelscope-hub, then modelscope before 1.38 with MODELSCOPE_CACHE and without, then before 1.18
		"models/owner--tiny.5/snapshots/master", "models/owner--tiny.5/snapshots/" + commit, "models/owner/tiny___5", "hub/models/owner/tiny___5", "owner/tiny___5", "hub/owner/tiny___5",
	} {
		t.Run(below, func(t *testing.T) {
			h := newHub(t, tiny())
			h.repo = "owner/tiny.5"
			e := h.env(t)
			for name, b := range tiny() {
				write(t, filepath.Join(e.ModelScope.Cache, below, name), b)
			}
			dir := filepath.Join(t.TempDir(), "tiny")
			if _, _, err := pull(t, "modelscope:owner/tiny.5", e, hub.Options{To: dir}); err != nil {
				t.Fatal(err)
			}
			sameModel(t, dir, tiny())
			if n := len(h.seen("store")); n != 0 {
				t.Errorf("%d files were brought in spite of the cache", n)
			}
		})
	}
}

// TestOfflineLicence: without a hub the README in the cache says it.
func TestOfflineLicence(t *testing.T) {
	for text, want := range map[string]string{
		"---\nlicense: mit\n---\n# tiny":                                                          "licence mit",
		"---\r\nlicense: mit\r\n---\r\n# tiny":                                                    "licence mit",
		"---\nlicense: [mit, cc-by-4.0]\nlanguage: en\n---\n":                                     "licence mit, cc-by-4.0",
		"---\nlicense: other\nlicense_name: tiny\nlicense_link: https://x.example/l\n---\n# tiny": "licence tiny https://x.example/l",
		"---\nlicense: {\n---\n":                                                                  "licence not stated",
		"# tiny\n---\nlicense: mit\n":                                                             "licence not stated",
		"---\nlicense: mit\n":                                                                     "licence not stated",
	} {
		h := newHub(t, tiny())
		e := h.env(t)
		files := tiny()
		files["README.md"] = []byte(text)
		fillCache(t, e.HuggingFace.Cache, files)
		e.Offline = true
		if _, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: filepath.Join(t.TempDir(), "tiny")}); err != nil || !strings.Contains(said, want+";") {
			t.Errorf("%q: %v, said %s, want %s", text, err, said, want)
		}
	}
}

// TestSharedBlobs: since huggingface_hub 2 a blob may be a link itself, into a store for all repositories.
func TestSharedBlobs(t *testing.T) {
	for _, offline := range []bool{false, true} {
		h := newHub(t, tiny())
		e := h.env(t)
		snapshot := fillCache(t, e.HuggingFace.Cache, tiny())
		blob, err := os.Readlink(filepath.Join(snapshot, shard))
		if err != nil {
			t.Fatal(err)
		}
		blob = filepath.Join(snapshot, blob)
		shared := filepath.Join(e.HuggingFace.Cache, "blobs", "ab", "ab"+strings.Repeat("0", 62))
		write(t, shared, tiny()[shard])
		to, _ := filepath.Rel(filepath.Dir(blob), shared)
		if err := errors.Join(os.Remove(blob), os.Symlink(to, blob)); err != nil {
			t.Fatal(err)
		}
		e.Offline = offline
		dir := filepath.Join(t.TempDir(), "tiny")
		if _, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir}); err != nil || len(h.seen("store")) > 0 {
			t.Fatal(err, said)
		}
		sameModel(t, dir, tiny())
		if info, err := os.Lstat(filepath.Join(dir, shard)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("what stands there is no file of its own: %v", err)
		}
	}
}

// TestHostileCache: links of a cache that lead elsewhere bring nothing but what the digests name.
func TestHostileCache(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, []byte("root:x:0:0"))
	plant := func(link func(snapshot, name string) string) func(t *testing.T, snapshot string) {
		return func(t *testing.T, snapshot string) {
			path := filepath.Join(snapshot, "config.json")
			if err := errors.Join(os.Remove(path), os.Symlink(link(snapshot, "config.json"), path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, snapshot string)
	}{
		{"a link out", plant(func(string, string) string { return secret })},
		{"a link to itself", plant(func(_, name string) string { return name })},
		{"a link to a folder", plant(func(snapshot, _ string) string { return snapshot })},
		{"a link with a digest for a name", plant(func(snapshot, _ string) string {
			to := filepath.Join(filepath.Dir(secret), sha([]byte("x")))
			os.WriteFile(to, []byte("root:x:0:0"), 0o644)
			return to
		})},
		{"a pipe, which would keep its reader waiting", func(t *testing.T, snapshot string) {
			path := filepath.Join(snapshot, "config.json")
			if err := errors.Join(os.Remove(path), unix.Mkfifo(path, 0o644)); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tc := range tests {
		for _, offline := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s offline %v", tc.name, offline), func(t *testing.T) {
				h := newHub(t, tiny())
				e := h.env(t)
				tc.spoil(t, fillCache(t, e.HuggingFace.Cache, tiny()))
				e.Offline = offline
				dir := filepath.Join(t.TempDir(), "tiny")
				_, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
				switch {
				case offline && (err == nil || !strings.Contains(err.Error(), "config.json")):
					t.Errorf("error %v", err)
				case !offline && err != nil:
					t.Fatal(err)
				case !offline:
					sameModel(t, dir, tiny())
				}
			})
		}
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
