package hub_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fettle/internal/hub"

	"github.com/google/go-cmp/cmp"
)

// TestPages: a listing comes whole, however its pages name the next one (RFC 8288).
func TestPages(t *testing.T) {
	tests := []struct {
		name string
		link func(next string) string
		err  string
	}{
		{"in quotes", func(next string) string { return "<" + next + `>; rel="next"` }, ""},
		{"no quotes", func(next string) string { return "<" + next + ">; rel=next" }, ""},
		{"blanks and capitals", func(next string) string { return "  < " + next[:0] + ">;rel=prev , <" + next + `>;  Rel = "Next"  ` }, ""},
		{"two relations", func(next string) string { return "<" + next + `>; rel="last next"` }, ""},
		{"behind the previous one", func(next string) string { return `<http://x.invalid/>; rel="prev", <` + next + `>; rel="next"` }, ""},
		{"a comma in the address", func(next string) string { return "<" + next + `&expand=a,b>; rel="next"` }, ""},
		{"a comma in quotes", func(next string) string {
			return `<http://x.invalid/>; title="a, \"<b>; rel=next"; rel="prev", <` + next + `>; title="1,2"; rel="next"`
		}, ""},
		{"a path alone", func(next string) string { return "<" + next[strings.Index(next, "/api"):] + `>; rel="next"` }, ""},
		{"a query alone", func(next string) string { return "<" + next[strings.Index(next, "?"):] + `>; rel="next"` }, ""},
		{"the same page again", func(next string) string { return "<" + next[:strings.Index(next, "&cursor")] + `>; rel="next"` }, "comes back to a page"},
		{"for ever", func(next string) string {
			return "<" + next[:strings.Index(next, "&cursor")] + fmt.Sprintf(`&t=%d>; rel="next"`, time.Now().UnixNano())
		}, "does not end"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.link = tc.link
			dir := filepath.Join(t.TempDir(), "tiny")
			_, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir})
			if !says(err, tc.err) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if tc.err == "" {
				sameModel(t, dir, tiny())
			}
		})
	}
}

// TestHugeListing: choosing among many names takes no longer than reading them.
func TestHugeListing(t *testing.T) {
	files := map[string][]byte{"config.json": []byte("{}"), "zzz/model.bin": nil}
	var index strings.Builder
	for i := range 20_000 {
		files[fmt.Sprintf("part-%05d.safetensors", i)] = nil
		fmt.Fprintf(&index, `"%d": "part-%05d.safetensors", `, i, i)
	}
	files["model.safetensors.index.json"] = []byte(`{"weight_map": {` + index.String() + `"last": "part-99999.safetensors"}}`)
	h := newHub(t, files)
	h.page = 1000
	start := time.Now()
	_, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: filepath.Join(t.TempDir(), "tiny")})
	if !says(err, "names part-99999.safetensors, which the repository does not hold") || time.Since(start) > 20*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

// TestModelScopeStopsShort: its listing ends at 3,000 entries and says nothing of it.
func TestModelScopeStopsShort(t *testing.T) {
	many := func(dir string, n int) map[string][]byte {
		files := tiny()
		for i := range n {
			files[fmt.Sprintf("%s%05d.txt", dir, i)] = nil
		}
		return files
	}
	tests := []struct {
		name    string
		files   map[string][]byte
		include []string
		want    []string // nil = what a model needs
		err     string
	}{
		{"a folder of logs before the weights", many("a/", 4000), nil, nil, ""},
		{"a file in a full folder", many("a/b/", 2999), []string{"original/*", "config.json"}, []string{"config.json", "original/tokenizer.model"}, ""},
		{"more than it can name", many("a/", 4000), []string{"a/03999.txt"}, nil, "more than 3000 entries in a"},
		{"more than it can name at its top", many("a", 4000), nil, nil, "more than 3000 entries in its top folder"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tc.files)
			h.most = 3000
			dir := filepath.Join(t.TempDir(), "tiny")
			_, _, err := pull(t, "modelscope:owner/tiny", h.env(t), hub.Options{To: dir, Include: tc.include})
			if !says(err, tc.err) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			switch {
			case tc.err != "":
			case tc.want == nil:
				sameModel(t, dir, tiny())
			default:
				if diff := cmp.Diff(tc.want, sorted(tree(t, dir))); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestNamesThatClash: two names that one disk would take for one, and names that a pull uses itself.
func TestNamesThatClash(t *testing.T) {
	tests := []struct {
		name    string
		files   []string
		include []string
		want    []string
		err     string
	}{
		{"case", []string{"notes.txt", "Notes.TXT"}, []string{"*"}, nil, "Notes.TXT and notes.txt"},
		{"case, of a letter beyond ASCII", []string{"ÄRGER.txt", "ärger.txt"}, []string{"*.txt"}, nil, "one file"},
		{"case, one of them asked for", []string{"notes.txt", "Notes.TXT"}, []string{"*.txt"}, []string{"notes.txt"}, ""},
		{"a folder and a file", []string{"a", "a/b.txt"}, []string{"a", "a/*"}, nil, "a and a/b.txt"},
		{"a folder and a file, by case", []string{"A", "a/b.txt"}, []string{"*", "a/*"}, nil, "A and a/b.txt"},
		{"our record", []string{"fettle-pull.json"}, []string{"*.json"}, nil, "uses itself"},
		{"our record, not asked for", []string{"fettle-pull.json", "config.json"}, []string{"config.*"}, []string{"config.json"}, ""},
		{"a part of ours", []string{"w", "w.part"}, []string{"w*"}, nil, "uses itself"},
		{"a note of ours", []string{"w", "w.part.json"}, []string{"w*"}, nil, "uses itself"},
		{"a part, not asked for", []string{"w", "x.part"}, []string{"w*"}, []string{"w"}, ""},
		{"a copy is nobody's", []string{"w", "w.copy"}, []string{"w*"}, []string{"w", "w.copy"}, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string][]byte{}
			for _, name := range tc.files {
				files[name] = []byte(path.Base(name))
			}
			h := newHub(t, files)
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

// TestWordsOfTheHub: nothing that a hub says steers the terminal.
func TestWordsOfTheHub(t *testing.T) {
	const escape = "\x1b[2J"
	tests := []struct {
		name, src string
		answer    func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool
	}{
		{"a shard in the index", "hf:owner/tiny", nil},
		{"the commit", "modelscope:owner/tiny", func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool {
			reply(w, map[string]any{"Code": 200, "Data": map[string]any{"LatestCommitter": map[string]any{"ShortId": escape}}})
			return true
		}},
		{"the message", "modelscope:owner/tiny", func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool {
			reply(w, map[string]any{"Code": 500, "Message": escape})
			return true
		}},
		{"the licence", "hf:owner/tiny", func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool {
			h.license = escape
			return false
		}},
		{"a name", "hf:owner/tiny", func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool {
			h.commits[commit]["a\u009b2J"] = nil // the same in one character
			return false
		}},
		{"a coding", "hf:owner/tiny", func(h *fakeHub, w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "/resolve") {
				w.Header()["Content-Encoding"] = []string{escape}
				return false
			}
			return false
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			files := tiny()
			if tc.answer == nil {
				files["model.safetensors.index.json"] = []byte(`{"weight_map": {"a": "\u001b[2J"}}`)
			}
			h := newHub(t, files)
			net := &internet{site: func(string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Host == h.store.Listener.Addr().String() {
						h.blobs(w, r)
					} else if tc.answer == nil || !tc.answer(h, w, r) {
						h.hub(w, r)
					}
				})
			}}
			e := h.env(t)
			e.Transport = net
			_, said, err := pull(t, tc.src, e, hub.Options{To: filepath.Join(t.TempDir(), "tiny")})
			if strings.ContainsAny(said+fmt.Sprint(err), "\x1b\u009b") {
				t.Errorf("said %q, error %q", said, err)
			}
		})
	}
}

// TestSizes: what no disk has room for is named before a byte comes.
func TestSizes(t *testing.T) {
	tests := []struct {
		name, size, err string
	}{
		{"more than the disk has", "1000000000000000000", "has room for "},
		{"more than a number holds", "99999999999999999999", "is not what a hub says"},
		{"more than a number holds in sum", "9223372036854775807", "775807 bytes for model-0000"},
		{"less than nothing", "-5", "the hub lists -5 bytes"},
		{"a fraction", "1.5", "is not what a hub says"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.page = 100
			net := &internet{site: func(string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !strings.Contains(r.URL.Path, "/tree/") {
						h.hub(w, r)
						return
					}
					got := httptest.NewRecorder()
					h.hub(got, r)
					w.Write(regexp.MustCompile(`"size":[23]00000`).ReplaceAll(got.Body.Bytes(), []byte(`"size":`+tc.size)))
				})
			}}
			e := h.env(t)
			e.Transport = net
			_, _, err := pull(t, "hf:owner/tiny", e, hub.Options{To: filepath.Join(t.TempDir(), "tiny")})
			if !says(err, tc.err) || len(h.seen("store")) > 0 {
				t.Errorf("error %v, want %q; asked for %v", err, tc.err, h.seen("store"))
			}
		})
	}
}
