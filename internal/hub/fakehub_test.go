package hub_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/internal/hub"
)

const (
	repo   = "owner/tiny"
	commit = "1111111111111111111111111111111111111111"
	later  = "2222222222222222222222222222222222222222"
	token  = "hf_SeCrEtSeCrEt"
	signed = "X-Signature=s1gn3d" // in the query of the store's addresses
)

// fakeHub behaves like Hugging Face and ModelScope at once: APIs on one host, large files on another.
type fakeHub struct {
	*httptest.Server
	store   *httptest.Server // the CDN: another origin
	stored  string           // its address as the hub gives it
	below   string           // the path of the hub on its host
	repo    string
	commits map[string]map[string][]byte
	refs    map[string]string
	needs   string // a token that requests must carry, "" = public
	license string
	link    func(next string) string // how a page of the listing names the next one
	page    int                      // entries of a page of Hugging Face's listing
	most    int                      // entries of ModelScope's listing, which it cuts there; 0 = it does not
	head    int                      // the file that ModelScope's head commit changed; -1 = none, it removed one

	// spoil may answer in place of the hub, before it does ("hub", path) or the store ("store", file name). n counts from 1.
	spoil func(n int, where, name string, w http.ResponseWriter, r *http.Request, body []byte) bool

	mu    sync.Mutex
	asked []ask
	count map[string]int
}

type ask struct{ where, name, rng, ifRange, auth string }

func newHub(t *testing.T, files map[string][]byte) *fakeHub {
	h := &fakeHub{repo: repo, commits: map[string]map[string][]byte{commit: files}, refs: map[string]string{"main": commit, "master": commit},
		license: "apache-2.0", head: 1, page: 3, link: func(next string) string { return "<" + next + `>; rel="next"` }, count: map[string]int{}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.hub))
	h.store = httptest.NewServer(http.HandlerFunc(h.blobs))
	h.stored = h.store.URL
	t.Cleanup(func() { h.Server.Close(); h.store.Close() })
	return h
}

func (h *fakeHub) env(t *testing.T) hub.Env {
	return hub.Env{
		HuggingFace: hub.Site{Endpoint: h.URL, Cache: t.TempDir()},
		ModelScope:  hub.Site{Endpoint: h.URL, Cache: t.TempDir()},
		Patience:    hub.Patience{Attempts: 4, Base: time.Millisecond, Longest: 2 * time.Second, Stall: 1500 * time.Millisecond},
	}
}

// note counts a request; it returns whether spoil answered it.
func (h *fakeHub) note(where, name string, w http.ResponseWriter, r *http.Request, body []byte) bool {
	h.mu.Lock()
	h.asked = append(h.asked, ask{where, name, r.Header.Get("Range"), r.Header.Get("If-Range"), r.Header.Get("Authorization") + r.Header.Get("Cookie")})
	h.count[where+name]++
	n, spoil := h.count[where+name], h.spoil
	h.mu.Unlock()
	return spoil != nil && spoil(n, where, name, w, r, body)
}

// behave sets spoil, with the lock: requests may come from another process.
func (h *fakeHub) behave(spoil func(n int, where, name string, w http.ResponseWriter, r *http.Request, body []byte) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spoil = spoil
}

func (h *fakeHub) seen(where string) (all []ask) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.asked {
		if a.where == where {
			all = append(all, a)
		}
	}
	return all
}

// times is how often one thing was asked for: where and name in one.
func (h *fakeHub) times(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count[what]
}

func (h *fakeHub) requests() int { return len(h.seen("hub")) + len(h.seen("store")) }

func large(name string) bool { return path.Ext(name) == ".safetensors" || name == "tokenizer.json" }

func sha(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func blob(b []byte) string {
	s := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(b)), b...))
	return hex.EncodeToString(s[:])
}

func (h *fakeHub) at(rev string) (string, map[string][]byte) {
	if to, ok := h.refs[rev]; ok {
		rev = to
	}
	for full := range h.commits {
		if len(rev) >= 8 && strings.HasPrefix(full, rev) {
			rev = full
		}
	}
	return rev, h.commits[rev]
}

func (h *fakeHub) hub(w http.ResponseWriter, r *http.Request) {
	if h.note("hub", r.URL.Path, w, r, nil) {
		return
	}
	if h.needs != "" && r.Header.Get("Authorization") != "Bearer "+h.needs {
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.Header().Set("X-Error-Message", "Access to model owner/tiny is restricted.")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	raw := r.URL.EscapedPath()
	switch {
	case raw == "/api/models/"+h.repo:
		h.hfInfo(w, "main")
	case strings.HasPrefix(raw, "/api/models/"+h.repo+"/revision/"):
		h.hfInfo(w, strings.TrimPrefix(raw, "/api/models/"+h.repo+"/revision/"))
	case strings.HasPrefix(raw, "/api/models/"+h.repo+"/tree/"):
		h.hfTree(w, r, strings.TrimPrefix(raw, "/api/models/"+h.repo+"/tree/"))
	case strings.HasPrefix(raw, "/"+h.repo+"/resolve/"):
		rev, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+h.repo+"/resolve/"), "/")
		h.hfFile(w, r, rev, name)
	case strings.HasPrefix(raw, "/api/resolve-cache/"):
		rev, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/resolve-cache/"), "/")
		w.Header().Set("X-Repo-Commit", rev) // huggingface_hub reads it from the last answer on the hub
		h.send(w, r, name, h.commits[rev][name], blob(h.commits[rev][name]))
	case raw == "/api/v1/models/"+h.repo:
		reply(w, map[string]any{"Code": 200, "Success": true, "Data": map[string]any{"License": h.license}})
	case raw == "/api/v1/models/"+h.repo+"/repo/files":
		h.msTree(w, r.URL.Query())
	case raw == "/api/v1/models/"+h.repo+"/repo":
		h.msFile(w, r)
	default:
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (h *fakeHub) hfInfo(w http.ResponseWriter, rev string) {
	rev, _ = url.PathUnescape(rev)
	at, files := h.at(rev)
	if files == nil {
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	reply(w, map[string]any{"id": h.repo, "sha": at, "tags": []string{"license:" + h.license}, "cardData": map[string]any{"license": h.license}})
}

func (h *fakeHub) hfTree(w http.ResponseWriter, r *http.Request, rev string) {
	var all []map[string]any
	for _, name := range sorted(h.commits[rev]) {
		b := h.commits[rev][name]
		e := map[string]any{"type": "file", "path": name, "size": len(b), "oid": blob(b)}
		if large(name) {
			e["oid"], e["lfs"] = blob([]byte("pointer")), map[string]any{"oid": sha(b), "size": len(b), "pointerSize": 134}
		}
		all = append(all, e)
	}
	all = append(all, map[string]any{"type": "directory", "path": "onnx", "size": 0, "oid": blob(nil)})
	var from int
	fmt.Sscan(r.URL.Query().Get("cursor"), &from)
	to := min(from+h.page, len(all))
	if to < len(all) {
		w.Header().Set("Link", h.link(fmt.Sprintf("%s/api/models/%s/tree/%s?recursive=true&cursor=%d", h.URL, h.repo, rev, to)))
	}
	reply(w, all[from:to])
}

func (h *fakeHub) hfFile(w http.ResponseWriter, r *http.Request, rev, name string) {
	b, ok := h.commits[rev][name]
	if !ok {
		w.Header().Set("X-Error-Code", "EntryNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", rev)
	if large(name) {
		w.Header().Set("X-Linked-Etag", `"`+sha(b)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(b)))
		w.Header().Set("Location", h.stored+"/"+rev+"/"+url.PathEscape(name)+"?"+signed)
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("Location", h.below+"/api/resolve-cache/"+rev+"/"+name)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func (h *fakeHub) msTree(w http.ResponseWriter, q url.Values) {
	at, files := h.at(q.Get("Revision"))
	if files == nil {
		w.WriteHeader(http.StatusNotFound)
		reply(w, map[string]any{"Code": 10010205001, "Success": false, "Message": "revision not found"})
		return
	}
	var all []map[string]any
	root, folders := "", map[string]bool{}
	if q.Get("Root") != "" {
		root = q.Get("Root") + "/"
	}
	for i, name := range sorted(files) {
		rest, ok := strings.CutPrefix(name, root)
		if !ok {
			continue
		}
		parts := strings.Split(rest, "/")
		for k := 1; k < len(parts) && (k == 1 || q.Get("Recursive") == "True"); k++ {
			if folder := root + path.Join(parts[:k]...); !folders[folder] {
				folders[folder] = true
				all = append(all, map[string]any{"Type": "tree", "Path": folder, "Name": path.Base(folder)})
			}
		}
		if len(parts) > 1 && q.Get("Recursive") != "True" {
			continue
		}
		changed := strings.Repeat("a", 40)
		if i == h.head {
			changed = at // only a file that the head commit changed names it in full
		}
		all = append(all, map[string]any{"Type": "blob", "Path": name, "Name": path.Base(name), "Size": len(files[name]), "Sha256": sha(files[name]), "Revision": changed})
	}
	if h.most > 0 {
		all = all[:min(h.most, len(all))]
	}
	reply(w, map[string]any{"Code": 200, "Success": true, "Data": map[string]any{"Files": all, "LatestCommitter": map[string]any{"ShortId": at[:8]}}})
}

func (h *fakeHub) msFile(w http.ResponseWriter, r *http.Request) {
	rev, name := r.URL.Query().Get("Revision"), r.URL.Query().Get("FilePath")
	rev, files := h.at(rev)
	b, ok := files[name]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case large(name):
		http.Redirect(w, r, h.stored+"/"+rev+"/"+url.PathEscape(name)+"?"+signed, http.StatusFound)
	default:
		h.send(w, r, name, b, "")
	}
}

func (h *fakeHub) blobs(w http.ResponseWriter, r *http.Request) {
	rev, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body := h.commits[rev][name]
	if h.note("store", name, w, r, body) {
		return
	}
	h.send(w, r, name, body, sha(body)[:32])
}

func (h *fakeHub) send(w http.ResponseWriter, r *http.Request, name string, body []byte, etag string) {
	if etag != "" {
		w.Header().Set("ETag", `"`+etag+`"`)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

func reply(w http.ResponseWriter, v any) { json.NewEncoder(w).Encode(v) }

func sorted(m map[string][]byte) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
