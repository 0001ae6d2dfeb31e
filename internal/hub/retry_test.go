package hub_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/internal/hub"
)

// TestAskedToWait: a server that names a time gets it, in whatever words; one that names too long a time ends the pull.
func TestAskedToWait(t *testing.T) {
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		name   string
		status int
		header map[string]string
		want   string // said when the pull goes on
		err    string
	}{
		{"nothing", 429, nil, "again in 0s", ""},
		{"seconds", 429, map[string]string{"Retry-After": "1"}, "again in 1s", ""},
		{"seconds of a 503", 503, map[string]string{"Retry-After": "1"}, "again in 1s", ""},
		{"a date", 429, map[string]string{"Retry-After": in(1800 * time.Millisecond)}, "again in ", ""},
		{"a date that is over", 429, map[string]string{"Retry-After": in(-time.Hour)}, "again in 0s", ""},
		{"nonsense", 429, map[string]string{"Retry-After": "soon"}, "again in 0s", ""},
		{"less than nothing", 429, map[string]string{"Retry-After": "-5"}, "again in 0s", ""},
		{"two hours", 429, map[string]string{"Retry-After": "7200"}, "", "asks to wait 2h0m0s"},
		{"a date tomorrow", 503, map[string]string{"Retry-After": in(24 * time.Hour)}, "", "asks to wait 2"},
		{"more seconds than a clock holds", 429, map[string]string{"Retry-After": "9999999999"}, "", "asks to wait"},
		{"more than a number holds", 429, map[string]string{"Retry-After": "99999999999999999999999"}, "", "asks to wait"},
		{"a spent rate", 429, map[string]string{"RateLimit": `"api";r=0;t=1`}, "again in 2s", ""}, // a second more: what is left is rounded
		{"a spent rate, for long", 429, map[string]string{"RateLimit": `"resolvers"; r=0 ; t=3600`}, "", "asks to wait 1h0m1s"},
		{"a rate that is not spent", 429, map[string]string{"RateLimit": `"api";r=7;t=3600`}, "again in 0s", ""},
		{"the longer of two", 429, map[string]string{"RateLimit": `"api";r=0;t=1`, "Retry-After": "7200"}, "", "asks to wait 2h0m0s"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.behave(func(n int, where, name string, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				if where != "store" || name != shard || n > 1 {
					return false
				}
				for k, v := range tc.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tc.status)
				return true
			})
			e := h.env(t)
			e.Patience.Longest = 3 * time.Second
			dir := filepath.Join(t.TempDir(), "tiny")
			_, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
			if !says(err, tc.err) || !strings.Contains(said, tc.want) {
				t.Fatalf("error %v, want %q; said %s, want %q", err, tc.err, said, tc.want)
			}
			if tc.err == "" {
				sameModel(t, dir, tiny())
			}
		})
	}
}

// TestListingMisbehaves: what stands in the listing's place is named; what may pass is asked for again.
func TestListingMisbehaves(t *testing.T) {
	answer := func(code int, kind, body string) func(w http.ResponseWriter, n int) bool {
		return func(w http.ResponseWriter, n int) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(code)
			w.Write([]byte(body))
			return true
		}
	}
	once := func(do func(w http.ResponseWriter, n int) bool) func(w http.ResponseWriter, n int) bool {
		return func(w http.ResponseWriter, n int) bool { return n == 1 && do(w, n) }
	}
	page := "<!DOCTYPE html><html><title>Log in</title></html>"
	tests := []struct {
		name, src string
		spoil     func(w http.ResponseWriter, n int) bool
		err       string
		asked     int // times; 0 = not looked at
	}{
		{"a page", "hf", answer(200, "text/html; charset=utf-8", page), "a page (text/html) instead of JSON", 1},
		{"a page", "modelscope", answer(200, "text/html", page), "MODELSCOPE_ENDPOINT", 1},
		{"a page that says it is JSON", "hf", answer(200, "application/json", "\n "+page), "HF_ENDPOINT", 1},
		{"another JSON", "hf", answer(200, "application/json", `["sha"]`), "is not what a hub says", 1},
		{"another JSON", "modelscope", answer(200, "application/json", `{"Code": 200, "Data": []}`), "is not what a hub says", 1},
		{"no data", "modelscope", answer(200, "application/json", `{"Code": 200}`), "is not what a hub says", 1},
		{"half a JSON", "hf", once(answer(200, "application/json", `{"sha": "11`)), "", 0},
		{"half a JSON for ever", "hf", answer(200, "application/json", `{"sha": "11`), "ends in its middle", 4},
		{"nothing at all", "hf", answer(200, "application/json", ""), "ends in its middle", 4},
		{"502", "hf", once(answer(502, "text/html", page)), "", 0},
		{"503 for ever", "modelscope", answer(503, "text/html", page), "503 Service Unavailable; given up after 4 tries", 4},
		{"a broken line", "hf", once(func(w http.ResponseWriter, _ int) bool {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte(`{"sha"`))
			panic(http.ErrAbortHandler)
		}), "", 0},
		{"a drip", "hf", once(func(w http.ResponseWriter, _ int) bool { // slower than the patience for silence, never silent
			for _, b := range []byte(`{"sha": "` + commit + `", "tags": []}`) {
				w.Write([]byte{b})
				w.(http.Flusher).Flush()
				time.Sleep(40 * time.Millisecond)
			}
			return true
		}), "", 1},
	}
	for _, tc := range tests {
		t.Run(tc.name+" "+tc.src, func(t *testing.T) {
			h := newHub(t, tiny())
			first := "/api/models/" + repo + "/revision/main"
			if tc.src == "modelscope" {
				first = "/api/v1/models/" + repo + "/repo/files"
			}
			h.behave(func(n int, where, name string, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				return name == first && tc.spoil(w, n)
			})
			dir := filepath.Join(t.TempDir(), "tiny")
			_, said, err := pull(t, tc.src+":owner/tiny", h.env(t), hub.Options{To: dir})
			if !says(err, tc.err) {
				t.Fatalf("error %v, want %q; said\n%s", err, tc.err, said)
			}
			if tc.err == "" {
				sameModel(t, dir, tiny())
			} else if strings.Contains(err.Error(), "<html>") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is no line: %v", err)
			}
			if n := h.times("hub" + first); tc.asked > 0 && n != tc.asked {
				t.Errorf("asked %d times, want %d", n, tc.asked)
			}
		})
	}
}

// TestPassingDenial: ModelScope denies a listing now and then that it gave a moment before; the first denial is meant.
func TestPassingDenial(t *testing.T) {
	denied := map[string]func(w http.ResponseWriter){
		"by status": func(w http.ResponseWriter) {
			w.WriteHeader(403)
			reply(w, map[string]any{"Code": 403, "Message": "denied"})
		},
		"by words": func(w http.ResponseWriter) { reply(w, map[string]any{"Code": 403, "Message": "denied"}) },
	}
	tests := []struct {
		name  string
		when  func(n int) bool
		err   string
		asked int
	}{
		{"the second listing", func(n int) bool { return n == 2 }, "", 3},
		{"the second and all that follow", func(n int) bool { return n > 1 }, "given up after 4 tries", 5},
		{"the first", func(n int) bool { return n == 1 }, "is gated", 1},
	}
	for how, deny := range denied {
		for _, tc := range tests {
			t.Run(tc.name+" "+how, func(t *testing.T) {
				h := newHub(t, tiny())
				listing := "/api/v1/models/" + repo + "/repo/files"
				h.behave(func(n int, where, name string, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
					if name != listing || !tc.when(n) {
						return false
					}
					deny(w)
					return true
				})
				dir := filepath.Join(t.TempDir(), "tiny")
				if _, said, err := pull(t, "modelscope:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, tc.err) {
					t.Fatalf("error %v, want %q; said\n%s", err, tc.err, said)
				}
				if n := h.times("hub" + listing); n != tc.asked {
					t.Errorf("asked %d times, want %d", n, tc.asked)
				}
			})
		}
	}
}
