package hub_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/internal/hub"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestNewRevision(t *testing.T) {
	h := newHub(t, tiny())
	e := h.env(t)
	root := t.TempDir()
	dir := filepath.Join(root, "tiny")
	if _, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir}); err != nil {
		t.Fatal(err)
	}
	moved := tiny()
	moved["config.json"] = []byte(`{"model_type": "qwen3"}`)
	moved[shard] = noise(1000, 9)
	h.commits[later], h.refs["main"] = moved, later
	before := len(h.seen("store"))
	r, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
	if err != nil || r.Commit != later {
		t.Fatal(err, r)
	}
	sameModel(t, dir, moved)
	if n := len(h.seen("store")) - before; n != 1 {
		t.Errorf("%d large files were brought, want the changed one alone", n)
	}
	entries, _ := os.ReadDir(root)
	if len(entries) != 1 {
		t.Errorf("beside the directory lies %v", entries)
	}
}

func TestDamagedDirectoryIsMended(t *testing.T) {
	h := newHub(t, tiny())
	dir := filepath.Join(t.TempDir(), "tiny")
	for range 2 {
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, dir, tiny())
		b := tiny()[shard]
		b[0] ^= 1
		write(t, filepath.Join(dir, shard), b)
	}
}

func TestForeignFilesStay(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, dir string)
		err  string
	}{
		{"a folder of somebody", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "thesis.tex"), []byte("x")) }, "no pull made it"},
		{"a file of that name", func(t *testing.T, dir string) { write(t, dir, []byte("x")) }, "not a directory"},
		{"an empty folder", func(t *testing.T, dir string) { os.MkdirAll(dir, 0o755) }, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			dir := filepath.Join(t.TempDir(), "tiny")
			tc.make(t, dir)
			if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
	t.Run("a file of somebody in a pulled folder", func(t *testing.T) {
		h := newHub(t, tiny())
		dir := filepath.Join(t.TempDir(), "tiny")
		pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir})
		write(t, filepath.Join(dir, "notes.txt"), []byte("mine"))
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, "holds notes.txt, which no pull brought") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a folder pulled from another source", func(t *testing.T) {
		h := newHub(t, tiny())
		dir := filepath.Join(t.TempDir(), "tiny")
		pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir})
		if _, _, err := pull(t, "modelscope:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, "holds hf:owner/tiny") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a link to a folder elsewhere", func(t *testing.T) {
		h := newHub(t, tiny())
		root := t.TempDir()
		disk, dir := filepath.Join(root, "disk", "tiny"), filepath.Join(root, "tiny")
		os.MkdirAll(disk, 0o755)
		os.Symlink(disk, dir)
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, disk, tiny())
		if to, err := os.Readlink(dir); err != nil || to != disk {
			t.Errorf("the link is gone: %v", err)
		}
	})
}

// TestPlaces: what lies beside the directory stays, and a place that cannot be replaced is named before a byte comes.
func TestPlaces(t *testing.T) {
	t.Run("a folder of somebody with the name of parts", func(t *testing.T) {
		h := newHub(t, tiny())
		dir := filepath.Join(t.TempDir(), "tiny")
		write(t, filepath.Join(dir+".part", "thesis.tex"), []byte("x"))
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir+".part", "thesis.tex")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a model in place of the work folder", func(t *testing.T) {
		h := newHub(t, tiny())
		dir := filepath.Join(t.TempDir(), "tiny")
		if _, _, err := pull(t, "modelscope:owner/tiny", h.env(t), hub.Options{To: dir + ".fettle-part"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, "tiny.fettle-part holds modelscope:owner/tiny") {
			t.Errorf("error %v", err)
		}
		sameModel(t, dir+".fettle-part", tiny())
	})
	t.Run("here", func(t *testing.T) {
		h := newHub(t, tiny())
		here := filepath.Join(t.TempDir(), "here")
		os.MkdirAll(here, 0o755)
		t.Chdir(here)
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: "."}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, here, tiny())
	})
	t.Run("a link to nothing", func(t *testing.T) {
		h := newHub(t, tiny())
		dir := filepath.Join(t.TempDir(), "tiny")
		os.Symlink("/no/such/disk/tiny", dir)
		if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, "is a link to /no/such/disk/tiny, which is not there") {
			t.Errorf("error %v", err)
		}
		if to, err := os.Readlink(dir); err != nil || to != "/no/such/disk/tiny" {
			t.Errorf("the link is gone: %v", err)
		}
	})
	t.Run("a mount point", func(t *testing.T) {
		var here, above unix.Stat_t
		if unix.Stat("/dev/shm", &here) != nil || unix.Stat("/dev", &above) != nil || here.Dev == above.Dev {
			t.Skip("/dev/shm is none here")
		}
		h := newHub(t, tiny())
		if _, err := hub.Pull(t.Context(), source(t, "hf:owner/tiny"), h.env(t), hub.Options{To: "/dev/shm"}); !says(err, "is a mount point") || h.requests() > 0 {
			t.Errorf("error %v after %d requests", err, h.requests())
		}
	})
}

func TestSwapCutByACrash(t *testing.T) {
	h := newHub(t, tiny())
	dir := filepath.Join(t.TempDir(), "tiny")
	if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(filepath.Dir(dir), ".tiny.fettle-replaced")
	if err := os.Rename(dir, old); err != nil {
		t.Fatal(err)
	}
	before := h.requests()
	if _, said, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil || !strings.Contains(said, "there already") {
		t.Error(err, said)
	}
	if n := h.requests() - before; n != 7 { // the commit, and six pages of the listing
		t.Errorf("%d requests", n)
	}
}

func TestOnePullAtATime(t *testing.T) {
	h := newHub(t, tiny())
	started, resume := make(chan bool, 9), make(chan bool)
	h.behave(func(n int, where, name string, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if where == "store" && n == 1 {
			started <- true
			select {
			case <-resume:
			case <-time.After(5 * time.Second):
			}
		}
		return false
	})
	e := h.env(t)
	e.Patience.Stall = 10 * time.Second
	dir := filepath.Join(t.TempDir(), "tiny")
	done := make(chan error)
	go func() {
		_, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
		done <- err
	}()
	<-started
	if _, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir}); !says(err, "another pull writes") {
		t.Errorf("error %v", err)
	}
	close(resume)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, tiny())
}

func TestParseSource(t *testing.T) {
	tests := []struct {
		in   string
		want hub.Source
		err  string
	}{
		{"hf:Qwen/Qwen3-0.6B", hub.Source{Hub: "hf", Repo: "Qwen/Qwen3-0.6B"}, ""},
		{"hf:a/b@refs/pr/3", hub.Source{Hub: "hf", Repo: "a/b", Revision: "refs/pr/3"}, ""},
		{"modelscope:Qwen/Qwen3-0.6B@v1.0", hub.Source{Hub: "modelscope", Repo: "Qwen/Qwen3-0.6B", Revision: "v1.0"}, ""},
		{"Qwen/Qwen3-0.6B", hub.Source{}, "want hf:"},
		{"s3:a/b", hub.Source{}, "want hf:"},
		{"hf:gpt2", hub.Source{}, "no owner/name"},
		{"hf:../b", hub.Source{}, "no owner/name"},
		{"hf:a/..", hub.Source{}, "no owner/name"},
		{"hf:a/b/c", hub.Source{}, "no owner/name"},
		{"hf:a/b?x", hub.Source{}, "no owner/name"},
		{"hf:a/b@", hub.Source{}, "no branch"},
		{"hf:a/b@../x", hub.Source{}, "no branch"},
	}
	for _, tc := range tests {
		got, err := hub.ParseSource(tc.in)
		if diff := cmp.Diff(tc.want, got); diff != "" || !says(err, tc.err) {
			t.Errorf("%s: %v %s", tc.in, err, diff)
		}
		if err == nil && got.String() != tc.in {
			t.Errorf("%s is written %s", tc.in, got)
		}
	}
}

func TestHint(t *testing.T) {
	tests := []struct {
		value string
		model bool
		want  string
	}{
		{"hf:Qwen/Qwen3-0.6B@main", true, "`fettle pull hf:Qwen/Qwen3-0.6B@main` brings it to models/Qwen/Qwen3-0.6B,"},
		{"modelscope:Qwen/Qwen3-0.6B", false, "`fettle pull modelscope:Qwen/Qwen3-0.6B`"},
		{"Qwen/Qwen3-0.6B", true, "if it is a model of a hub, `fettle pull hf:Qwen/Qwen3-0.6B`"},
		{"data/rows.jsonl", false, ""},
		{"models/Qwen/Qwen3-0.6B", true, ""},
		{"https://x.example/rows.jsonl", false, "bring it here first"},
		{"../base", true, ""},
	}
	for _, tc := range tests {
		if got := hub.Hint(tc.value, tc.model); (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.value, got, tc.want)
		}
	}
}
