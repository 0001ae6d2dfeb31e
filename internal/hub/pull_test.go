package hub_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/hub"
	"fettle/internal/progress"

	"github.com/google/go-cmp/cmp"
)

// noise is n bytes that depend on the seed alone.
func noise(n int, seed uint64) []byte {
	r, b := rand.New(rand.NewPCG(seed, 0)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// tiny is a repository with what a model needs and much that it does not.
func tiny() map[string][]byte {
	return map[string][]byte{
		"config.json":                      []byte(`{"model_type": "llama"}`),
		"generation_config.json":           []byte(`{}`),
		"tokenizer.json":                   noise(40_000, 1),
		"tokenizer_config.json":            []byte(`{"chat_template": "x"}`),
		"special_tokens_map.json":          {}, // an empty file is one too
		"chat_template.jinja":              []byte("{{ messages }}"),
		"LICENSE":                          []byte("Apache"),
		"model.safetensors.index.json":     []byte(`{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}`),
		"model-00001-of-00002.safetensors": noise(300_000, 2),
		"model-00002-of-00002.safetensors": noise(200_000, 3),
		"consolidated.safetensors":         noise(100, 4),
		"pytorch_model.bin":                noise(100, 5),
		"model.gguf":                       noise(100, 6),
		"onnx/model.onnx":                  noise(100, 7),
		"original/tokenizer.model":         noise(100, 8),
		"README.md":                        []byte("# tiny"),
		".gitattributes":                   []byte("*.bin filter=lfs"),
	}
}

var wanted = []string{"LICENSE", "chat_template.jinja", "config.json", "generation_config.json", "model-00001-of-00002.safetensors",
	"model-00002-of-00002.safetensors", "model.safetensors.index.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}

func source(t *testing.T, s string) hub.Source {
	t.Helper()
	src, err := hub.ParseSource(s)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// pull runs a pull, and sees that no secret shows: not in what it says, not in its error, not in the files it leaves.
func pull(t *testing.T, src string, e hub.Env, o hub.Options) (*hub.Record, string, error) {
	t.Helper()
	var said bytes.Buffer
	o.Progress, _ = progress.New("pull", &said, "")
	r, err := hub.Pull(context.Background(), source(t, src), e, o)
	text := said.String()
	if err != nil {
		text += err.Error()
	}
	filepath.WalkDir(filepath.Dir(o.To), func(path string, d fs.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".json") {
			raw, _ := os.ReadFile(path)
			text += string(raw)
		}
		return nil
	})
	for _, secret := range []string{token, signed} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows in\n%s", secret, text)
		}
	}
	return r, said.String(), err
}

// tree reads a folder, but for the record.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	got := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == hub.RecordName {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		raw, err := os.ReadFile(path)
		got[filepath.ToSlash(rel)] = raw
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func sameModel(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	got := tree(t, dir)
	if diff := cmp.Diff(wanted, sorted(got)); diff != "" {
		t.Error(diff)
	}
	for name, b := range got {
		if !bytes.Equal(b, files[name]) {
			t.Errorf("%s has other bytes", name)
		}
	}
	if _, err := os.Stat(dir + ".fettle-part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the work folder is left: %v", err)
	}
}

func TestPull(t *testing.T) {
	for _, src := range []string{"hf:owner/tiny", "modelscope:owner/tiny", "hf:owner/tiny@" + commit, "modelscope:owner/tiny@" + commit, "hf:owner/tiny@refs/pr/1"} {
		t.Run(strings.ReplaceAll(src, "/", "_"), func(t *testing.T) {
			h := newHub(t, tiny())
			h.refs["refs/pr/1"] = commit
			h.needs = token
			e := h.env(t)
			e.HuggingFace.Token, e.ModelScope.Token = token, token
			dir := filepath.Join(t.TempDir(), "deep", "tiny")
			r, said, err := pull(t, src, e, hub.Options{To: dir})
			if err != nil {
				t.Fatal(err)
			}
			sameModel(t, dir, tiny())
			if r.Commit != commit || r.License != "apache-2.0" || !strings.Contains(said, "licence apache-2.0") || !strings.Contains(said, commit) {
				t.Errorf("record %+v, said %s", r, said)
			}
			read, err := hub.ReadRecord(dir)
			if diff := cmp.Diff(r, read); err != nil || diff != "" {
				t.Error(err, diff)
			}
			for _, f := range r.Files {
				if f.SHA256 != sha(tiny()[f.Path]) {
					t.Errorf("%s: recorded sha256 %s", f.Path, f.SHA256)
				}
			}
			for _, a := range h.seen("store") {
				if a.auth != "" {
					t.Errorf("another host got %q", a.auth)
				}
			}
			before := len(h.seen("store"))
			if _, said, err = pull(t, src, e, hub.Options{To: dir}); err != nil || !strings.Contains(said, "there already") || len(h.seen("store")) != before {
				t.Errorf("the second pull: %v, %s", err, said)
			}
		})
	}
}

// ModelScope gives 8 digits of the head commit; where no file has the others, the 8 stand for it.
func TestShortCommit(t *testing.T) {
	h := newHub(t, tiny())
	h.head = -1
	dir := filepath.Join(t.TempDir(), "tiny")
	r, _, err := pull(t, "modelscope:owner/tiny", h.env(t), hub.Options{To: dir})
	if err != nil || r.Commit != commit[:8] {
		t.Fatal(r, err)
	}
	sameModel(t, dir, tiny())
}

func TestInclude(t *testing.T) {
	tests := []struct {
		name    string
		include []string
		want    []string
		err     string
	}{
		{"only the tokenizer", []string{"tokenizer*"}, []string{"tokenizer.json", "tokenizer_config.json"}, ""},
		{"below a folder", []string{"original/*", "config.json"}, []string{"config.json", "original/tokenizer.model"}, ""},
		{"gguf on demand", []string{"*.gguf"}, []string{"model.gguf"}, ""},
		{"pickles never", []string{"*"}, nil, "pickled weights"},
		{"nothing", []string{"*.h5"}, nil, "no file matches"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			dir := filepath.Join(t.TempDir(), "tiny")
			_, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir, Include: tc.include})
			if !says(err, tc.err) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if tc.err == "" {
				if diff := cmp.Diff(tc.want, sorted(tree(t, dir))); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func says(err error, want string) bool {
	return err == nil && want == "" || err != nil && want != "" && strings.Contains(err.Error(), want)
}

func TestListingsRefused(t *testing.T) {
	with := func(name string, b []byte) map[string][]byte { m := tiny(); m[name] = b; return m }
	without := func(names ...string) map[string][]byte {
		m := tiny()
		for _, name := range names {
			delete(m, name)
		}
		return m
	}
	tests := []struct {
		name  string
		files map[string][]byte
		err   string
	}{
		{"parent", with("../config.json", nil), "outside of the folder"},
		{"parent inside", with("a/../../x.json", nil), "outside of the folder"},
		{"absolute", with("/etc/passwd", nil), "outside of the folder"},
		{"backslash", with(`..\config.json`, nil), "outside of the folder"},
		{"control", with("config\n.json", nil), "outside of the folder"},
		{"dot", with("./config.json", nil), "outside of the folder"},
		{"control beyond ASCII", with("config\u009b.json", nil), "outside of the folder"},
		{"no safetensors", without("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json", "consolidated.safetensors"), "no safetensors at its top (but model.gguf)"},
		{"pickles only", without("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json", "consolidated.safetensors", "model.gguf"), "pickles only (pytorch_model.bin)"},
		{"shards below the top", with("model.safetensors.index.json", []byte(`{"weight_map": {"a": "onnx/model.onnx"}}`)), "does not bring by itself: -include"},
		{"a shard lacks", without("model-00002-of-00002.safetensors"), "names model-00002-of-00002.safetensors, which"},
	}
	for _, tc := range tests {
		for _, site := range []string{"hf", "modelscope"} {
			t.Run(tc.name+" "+site, func(t *testing.T) {
				h := newHub(t, tc.files)
				root := t.TempDir()
				_, _, err := pull(t, site+":owner/tiny", h.env(t), hub.Options{To: filepath.Join(root, "x", "tiny")})
				if !says(err, tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				if _, err := os.Stat(filepath.Join(root, "x", "tiny")); err == nil {
					t.Error("the directory is there")
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	answer := func(code int, header, text string) func(int, string, string, http.ResponseWriter, *http.Request, []byte) bool {
		return func(_ int, where, _ string, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.Header().Set("X-Error-Code", header)
			w.WriteHeader(code)
			w.Write([]byte(text))
			return true
		}
	}
	tests := []struct {
		name, src, token string
		spoil            func(int, string, string, http.ResponseWriter, *http.Request, []byte) bool
		want             []string
	}{
		{"gated, no token", "hf:owner/tiny", "", answer(401, "GatedRepo", `{"error": "Access is restricted"}`), []string{"gated", "/owner/tiny", "HF_TOKEN", "/settings/tokens", "Access is restricted"}},
		{"gated, token", "hf:owner/tiny", token, answer(403, "GatedRepo", `{"error": "`+token+` is not in the list"}`), []string{"no access", "from HF_TOKEN", "[hidden] is not"}},
		{"words that steer a terminal", "hf:owner/tiny", "", answer(403, "GatedRepo", `{"error": "\u001b[2Jgone"}`), []string{"says:  [2Jgone"}},
		{"private or missing", "hf:owner/tiny", "", answer(401, "RepoNotFound", ""), []string{"does not exist, or is private", "HF_TOKEN"}},
		{"missing, token", "hf:owner/tiny", token, answer(404, "RepoNotFound", ""), []string{"does not exist, or the token (from HF_TOKEN) may not see it"}},
		{"closed", "hf:owner/tiny", "", answer(403, "", `{"error": "Access to this resource is disabled."}`), []string{"hf:owner/tiny is closed: see"}},
		{"private or missing, modelscope", "modelscope:owner/tiny", "", answer(404, "", `{"Code": 10010205001, "Message": "record not found"}`), []string{"does not exist, or is private", "MODELSCOPE_API_TOKEN", "record not found"}},
		{"token refused, modelscope", "modelscope:owner/tiny", token, answer(401, "", `{"Code": 10010103009, "Message": "AccessToken is invalid"}`), []string{"is refused", "AccessToken is invalid"}},
		{"sent on, and refused there", "hf:owner/tiny", token, func(_ int, _, _ string, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if to := strings.Replace(r.Host, "127.0.0.1", "localhost", 1); to != r.Host {
				http.Redirect(w, r, "http://"+to+r.URL.Path, http.StatusFound)
			} else {
				w.WriteHeader(401)
			}
			return true
		}, []string{"localhost:", "401 Unauthorized, and to there, where 127.0.0.1:", "the token is not sent: see HF_ENDPOINT"}},
		{"token refused", "hf:owner/tiny", token, answer(401, "", `{"error": "Invalid credentials"}`), []string{"is refused", "Invalid credentials"}},
		{"no such revision", "hf:owner/tiny@v9", "", nil, []string{"no such branch, tag or commit"}},
		{"no such revision, modelscope", "modelscope:owner/tiny@v9", "", nil, []string{"not at this revision", "revision not found"}},
		{"gated, modelscope", "modelscope:owner/tiny", "", answer(403, "", `{"Message": "no permission"}`), []string{"MODELSCOPE_API_TOKEN", "/models/owner/tiny", "no permission"}},
		{"fault in the envelope", "modelscope:owner/tiny", "", answer(200, "", `{"Code": 404, "Message": "gone"}`), []string{"does not exist", "gone"}},
		{"another commit", "hf:owner/tiny@" + later, "", answer(200, "", `{"sha": "`+commit+`"}`), []string{"asked for commit 2222"}},
		{"no commit", "hf:owner/tiny", "", answer(200, "", `{"sha": "main"}`), []string{"names no commit"}},
		{"a page of a hotel", "hf:owner/tiny", "", answer(200, "", `<html>`), []string{"a page (text/html) instead of JSON", "HF_ENDPOINT"}},
		{"wait too long", "hf:owner/tiny", "", func(_ int, _, _ string, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(429)
			return true
		}, []string{"asks to wait 2h0m0s"}},
		{"redirects for ever", "hf:owner/tiny", "", func(_ int, _, _ string, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}, []string{"more than 10 redirects"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.behave(tc.spoil)
			e := h.env(t)
			e.HuggingFace.Token, e.HuggingFace.TokenFrom = hub.Secret(tc.token), "HF_TOKEN"
			e.ModelScope.Token, e.ModelScope.TokenFrom = hub.Secret(tc.token), "MODELSCOPE_API_TOKEN"
			_, _, err := pull(t, tc.src, e, hub.Options{To: filepath.Join(t.TempDir(), "x", "tiny")})
			for _, want := range tc.want {
				if !says(err, want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
		})
	}
}
