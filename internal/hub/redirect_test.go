package hub_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/hub"

	"github.com/google/go-cmp/cmp"
)

// TestWhereTheTokenGoes: along a redirect a token stays with those who own it, whatever the address looks like.
func TestWhereTheTokenGoes(t *testing.T) {
	tests := []struct {
		name, src, endpoint string
		hops                []string // where config.json is sent on to
		sent                string   // y or n for each hop
		err                 string
	}{
		{"the same host", "hf", "https://hub.example", []string{"/there"}, "y", ""},
		{"its port named", "hf", "https://hub.example", []string{"https://hub.example:443/there"}, "y", ""},
		{"its name in capitals", "hf", "https://hub.example", []string{"https://HUB.Example/there"}, "y", ""},
		{"another port", "hf", "https://hub.example", []string{"https://hub.example:8443/there"}, "n", ""},
		{"a host below", "hf", "https://hub.example", []string{"https://cdn.hub.example/there"}, "n", ""},
		{"the host above", "hf", "https://hub.example", []string{"https://example/there"}, "n", ""},
		{"the host as a user", "hf", "https://hub.example", []string{"https://hub.example@evil.example/there"}, "n", ""},
		{"the host as a beginning", "hf", "https://huggingface.co", []string{"https://huggingface.co.evil.example/there"}, "n", ""},
		{"no scheme", "hf", "https://hub.example", []string{"//evil.example/there"}, "n", ""},
		{"away and back", "hf", "https://hub.example", []string{"https://evil.example/a", "https://hub.example/there"}, "nn", ""},
		{"three of one owner", "hf", "https://hf.co", []string{"https://huggingface.co/a", "https://hf.co/there"}, "yy", ""},
		{"a mirror sends home", "hf", "https://mirror.example", []string{"https://huggingface.co/there"}, "y", ""},
		{"home sends to a mirror", "hf", "https://huggingface.co", []string{"https://mirror.example/there"}, "n", ""},
		{"to plain http", "hf", "https://hub.example", []string{"http://hub.example/there"}, "", "without https: refused"},
		{"modelscope with www", "modelscope", "https://modelscope.cn", []string{"https://www.modelscope.cn/there"}, "y", ""},
		{"modelscope without", "modelscope", "https://www.modelscope.cn", []string{"https://modelscope.cn/there"}, "y", ""},
		{"the other modelscope", "modelscope", "https://modelscope.cn", []string{"https://www.modelscope.ai/there"}, "n", ""},
		{"modelscope to the other hub", "modelscope", "https://modelscope.cn", []string{"https://huggingface.co/there"}, "n", ""},
		{"round and round", "hf", "https://hub.example", []string{"https://evil.example/a", "https://hub.example/owner/tiny/resolve/" + commit + "/config.json"}, "", "more than 10 redirects"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			first := true
			net := &internet{}
			net.site = func(string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					step := 0
					switch {
					case strings.HasSuffix(r.URL.Path, "/config.json"), r.URL.Query().Get("FilePath") == "config.json":
					case r.URL.Path == "/a":
						step = 1
					case r.URL.Path == "/there":
						h.send(w, r, "config.json", tiny()["config.json"], "")
						return
					default:
						h.hub(w, r)
						return
					}
					first = false
					w.Header().Set("Location", tc.hops[step])
					w.WriteHeader(http.StatusFound)
				})
			}
			e := h.env(t)
			e.Transport = net
			site := &e.HuggingFace
			if tc.src == "modelscope" {
				site = &e.ModelScope
			}
			site.Endpoint, site.Token, site.TokenFrom = tc.endpoint, token, "A_TOKEN"
			_, _, err := pull(t, tc.src+":owner/tiny", e, hub.Options{To: filepath.Join(t.TempDir(), "tiny"), Include: []string{"config.json"}})
			if !says(err, tc.err) || first {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if tc.err != "" {
				return
			}
			var sent string
			for _, v := range append(net.visits("/a"), net.visits("/there")...) {
				carried := strings.Contains(v.auth+v.cookie, token)
				sent += map[bool]string{true: "y", false: "n"}[carried]
			}
			if diff := cmp.Diff(tc.sent, sent); diff != "" {
				t.Errorf("the token: %s\n%v", diff, net.visits(""))
			}
		})
	}
}

// TestMirrors: an address with a path, a user, a name of the hub's own in its pages.
func TestMirrors(t *testing.T) {
	tests := []struct {
		name, endpoint, below, link string // link: what pages call the hub
	}{
		{"a path", "https://corp.example/api/hf", "/api/hf", "https://corp.example/api/hf"},
		{"a path, pages name the hub itself", "https://corp.example/api/hf", "/api/hf", "https://huggingface.co"},
		{"a path, pages without a host", "https://corp.example/api/hf", "/api/hf", "/api/hf"},
		{"a user", "https://me:pa55w0rd@corp.example", "", "https://corp.example"},
		{"a user, pages name the hub itself", "https://me:pa55w0rd@corp.example", "", "https://huggingface.co"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.link = func(next string) string { return "<" + strings.Replace(next, h.URL, tc.link, 1) + `>; rel="next"` }
			h.below, h.stored = tc.below, "https://store.example"
			net := &internet{}
			net.site = func(host string) http.Handler {
				if host == "corp.example" {
					return http.StripPrefix(tc.below, http.HandlerFunc(h.hub))
				}
				return http.HandlerFunc(h.blobs)
			}
			e := h.env(t)
			e.Transport, e.HuggingFace.Endpoint = net, tc.endpoint
			dir := filepath.Join(t.TempDir(), "tiny")
			_, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
			if err != nil {
				t.Fatal(err)
			}
			sameModel(t, dir, tiny())
			if strings.Contains(said, "pa55w0rd") {
				t.Error("the password shows:", said)
			}
			for _, v := range net.visits("") {
				known := v.host == "corp.example" || v.host == "store.example"
				basic := v.auth != ""
				if !known || basic != (v.host == "corp.example" && strings.Contains(tc.endpoint, "@")) {
					t.Errorf("asked %+v", v)
				}
			}
		})
	}
}
