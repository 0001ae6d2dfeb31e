package hub_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/hub"
)

const shard = "model-00001-of-00002.safetensors"

type spoiler func(n int, w http.ResponseWriter, r *http.Request, body []byte) bool

// cut sends the first k bytes of what was asked, as the whole was announced, and breaks the connection.
func cut(w http.ResponseWriter, body []byte, k int) bool {
	if w.Header().Get("ETag") == "" {
		w.Header().Set("ETag", `"one"`)
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Write(body[:k])
	w.(http.Flusher).Flush()
	time.Sleep(20 * time.Millisecond) // what is flushed arrives before the end does
	panic(http.ErrAbortHandler)
}

// cutFirst cuts the first answer, and leaves the others to then.
func cutFirst(then spoiler) spoiler {
	return func(n int, w http.ResponseWriter, r *http.Request, body []byte) bool {
		if n == 1 {
			return cut(w, body, 100_000)
		}
		return then(n, w, r, body)
	}
}

func whole(etag string) spoiler {
	return func(_ int, w http.ResponseWriter, r *http.Request, body []byte) bool {
		w.Header().Set("ETag", `"`+etag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return true
	}
}

func once(do func(w http.ResponseWriter, body []byte)) spoiler {
	return func(n int, w http.ResponseWriter, _ *http.Request, body []byte) bool {
		if n == 1 {
			do(w, body)
		}
		return n == 1
	}
}

func always(do func(w http.ResponseWriter, body []byte)) spoiler {
	return func(_ int, w http.ResponseWriter, _ *http.Request, body []byte) bool { do(w, body); return true }
}

func status(code int, header ...string) func(http.ResponseWriter, []byte) {
	return func(w http.ResponseWriter, _ []byte) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func flipped(w http.ResponseWriter, body []byte) {
	b := bytes.Clone(body)
	b[len(b)/2] ^= 1
	w.Write(b)
}

// TestStoreMisbehaves: whatever a store does, either the right bytes stand there in the end or nothing does.
func TestStoreMisbehaves(t *testing.T) {
	partial := func(etag string, from func(asked int) int) spoiler { // 206 whatever If-Range says
		return func(n int, w http.ResponseWriter, r *http.Request, body []byte) bool {
			var asked int
			if k, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &asked); k == 0 {
				return whole(etag)(n, w, r, body)
			}
			at := from(asked)
			w.Header().Set("ETag", `"`+etag+`"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(body)-1, len(body)))
			w.WriteHeader(206)
			w.Write(body[at:])
			return true
		}
	}
	same := func(n int) int { return n }
	spans := func(contentRange string) spoiler { // one answer with the right bytes and this said of them
		return func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			if n != 2 {
				return whole("one")(n, w, r, b)
			}
			w.Header().Set("ETag", `"one"`)
			w.Header()["Content-Range"] = []string{contentRange}
			w.WriteHeader(206)
			w.Write(b[100_000:])
			return true
		}
	}
	tests := []struct {
		name   string
		spoil  spoiler
		err    string // "" = the pull succeeds
		ranges string // of the requests for the shard; "" = not looked at
	}{
		{"drops in the middle, goes on", cutFirst(whole("one")), "", ",bytes=100000-"},
		{"drops, the file changed: If-Range gives the whole", cutFirst(whole("two")), "", ",bytes=100000-"},
		{"drops, a changed ETag in spite of If-Range", cutFirst(partial("two", same)), "", ",bytes=100000-,"},
		{"drops, the wrong range", cutFirst(partial("one", func(n int) int { return n - 7 })), "", ",bytes=100000-,"},
		{"drops, knows no ranges", cutFirst(always(func(w http.ResponseWriter, b []byte) { w.Write(b) })), "", ",bytes=100000-"},
		{"drops, then 416", cutFirst(func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			if n == 2 {
				w.WriteHeader(416)
				return true
			}
			return whole("one")(n, w, r, b)
		}), "", ",bytes=100000-,"},
		{"drops, the rest is of another file", cutFirst(func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			if n == 2 {
				b = bytes.Repeat([]byte{7}, len(b))
			}
			return whole("one")(n, w, r, b)
		}), "", ",bytes=100000-,"},
		{"drops every 100,000 bytes", func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			var at int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at)
			if n > 1 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(b)-1, len(b)))
				w.Header().Set("ETag", `"one"`)
				w.Header().Set("Content-Length", fmt.Sprint(len(b)-at))
				w.WriteHeader(206)
			}
			if n <= 3 {
				cut(w, b[at:], min(90_000, len(b)-at))
			}
			w.Write(b[at:])
			return true
		}, "", ",bytes=90000-,bytes=180000-,bytes=270000-"},
		{"drops before the first byte, always", always(func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) }), "given up after 4 tries", ""},
		{"drops, the range's place left out", cutFirst(spans("bytes */300000")), "", ",bytes=100000-,"},
		{"drops, no range named", cutFirst(spans("")), "", ",bytes=100000-,"},
		{"drops, a range of nonsense", cutFirst(spans("bytes all of it")), "", ",bytes=100000-,"},
		{"drops, a range of another file", cutFirst(spans("bytes 100000-299999/300001")), "", ",bytes=100000-,"},
		{"drops, the length left open", cutFirst(spans("bytes 100000-299999/*")), "", ",bytes=100000-"},
		{"drops, several ranges at once", cutFirst(func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			if n > 2 {
				return whole("one")(n, w, r, b)
			}
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			w.WriteHeader(206)
			w.Write([]byte("--x\r\nContent-Range: bytes 100000-100001/300000\r\n\r\nab\r\n--x--"))
			return true
		}), "", ",bytes=100000-,"},
		{"a part nobody asked for", once(func(w http.ResponseWriter, b []byte) {
			w.Header().Set("Content-Range", "bytes 7-299999/300000")
			w.WriteHeader(206)
			w.Write(b[7:])
		}), "", ","},
		{"a part nobody asked for, from the beginning", once(func(w http.ResponseWriter, b []byte) {
			w.Header().Set("Content-Range", "bytes 0-299999/300000")
			w.WriteHeader(206)
			w.Write(b)
		}), "", ""},
		{"drops before its last byte", func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			if n == 1 {
				return cut(w, b, len(b)-1)
			}
			return whole("one")(n, w, r, b)
		}, "", ",bytes=299999-"},
		{"drops, answers 304", cutFirst(func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			w.WriteHeader(304)
			return true
		}), "304", ""},
		{"nothing, and calls it a success", always(status(204)), "0 bytes are announced", ""},
		{"an empty file", always(status(200)), "0 bytes are announced", ""},
		{"a pointer in its place", always(func(w http.ResponseWriter, b []byte) {
			fmt.Fprintf(w, "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", sha(b), len(b))
		}), "bytes are announced, the hub lists 300000", ""},
		{"lost the file", always(status(404)), "404 Not Found; given up after 4 tries", ""},
		{"sends in a circle", always(status(302, "Location", "?again")), "more than 10 redirects", ""},
		{"drops and never is the same file twice", func(n int, w http.ResponseWriter, r *http.Request, b []byte) bool {
			etag := fmt.Sprintf(`"%d"`, n)
			if r.Header.Get("Range") != "" {
				w.Header().Set("ETag", etag)
				w.Header().Set("Content-Range", "bytes 100000-299999/300000")
				w.WriteHeader(206)
				return true
			}
			w.Header().Set("ETag", etag)
			return cut(w, b, 100_000)
		}, "given up after 4 tries", ""},
		{"truncated, length said", once(func(w http.ResponseWriter, b []byte) { w.Write(b[:1000]) }), "", ""},
		{"truncated, no length, always", always(func(w http.ResponseWriter, b []byte) {
			w.(http.Flusher).Flush()
			w.Write(b[:1000])
		}), "the connection ended at byte 1000 of 300000", ""},
		{"longer than listed", always(func(w http.ResponseWriter, b []byte) {
			w.(http.Flusher).Flush()
			w.Write(append(bytes.Clone(b), 1))
		}), "more bytes come than the hub lists", ""},
		{"a wrong byte, once", once(flipped), "", ","},
		{"a wrong byte, always", always(flipped), "wrong bytes twice", ","},
		{"a page of a hotel", always(func(w http.ResponseWriter, _ []byte) { w.Write([]byte("<html>")) }), "6 bytes are announced", ""},
		{"compressed", always(status(200, "Content-Encoding", "gzip")), "compressed", ""},
		{"429, says a date", always(status(429, "Retry-After", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))), "it asks to wait", ""},
		{"503", once(status(503)), "", ""},
		{"500 always", always(status(500)), "500 Internal Server Error; given up", ""},
		{"the signed link ran out", once(status(403)), "", ""},
		{"silent", once(func(w http.ResponseWriter, b []byte) {
			w.Write(b[:10])
			w.(http.Flusher).Flush()
			time.Sleep(1800 * time.Millisecond)
		}), "", ""},
		{"dead", once(func(http.ResponseWriter, []byte) { time.Sleep(1800 * time.Millisecond) }), "", ""},
	}
	for _, tc := range tests {
		for _, site := range []string{"hf", "modelscope"} {
			t.Run(tc.name+" "+site, func(t *testing.T) {
				h := newHub(t, tiny())
				h.Config.ErrorLog, h.store.Config.ErrorLog = nil, nil
				var seen atomic.Int64
				h.behave(func(_ int, where, name string, w http.ResponseWriter, r *http.Request, body []byte) bool {
					if where != "store" || name != shard {
						return false
					}

					return tc.spoil(int(seen.Add(1)), w, r, body)
				})
				dir := filepath.Join(t.TempDir(), "tiny")
				_, said, err := pull(t, site+":owner/tiny", h.env(t), hub.Options{To: dir, Parallel: 2})
				if !says(err, tc.err) {
					t.Fatalf("error %v, want %q; said\n%s", err, tc.err, said)
				}
				if tc.err == "" {
					sameModel(t, dir, tiny())
				} else if _, err := hub.ReadRecord(dir); err == nil {
					t.Error("the directory is there in spite of it")
				}
				var ranges []string
				for _, a := range h.seen("store") {
					if a.name == shard {
						ranges = append(ranges, a.rng)
					}
				}
				if got := strings.Join(ranges, ","); tc.ranges != "" && got != tc.ranges {
					t.Errorf("ranges %q, want %q", got, tc.ranges)
				}
				if tc.err != "" { // what the fault left is nothing that a second pull takes for good
					h.behave(nil)
					if _, said, err := pull(t, site+":owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
						t.Fatal(err, said)
					}
					sameModel(t, dir, tiny())
				}
			})
		}
	}
}

func TestHubMisbehaves(t *testing.T) {
	resolve := "/" + repo + "/resolve/" + commit + "/"
	tests := []struct {
		name  string
		path  string
		spoil func(w http.ResponseWriter, r *http.Request)
		err   string
	}{
		{"another commit", resolve + "config.json", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Repo-Commit", later)
			w.Write(tiny()["config.json"])
		}, "asked at commit " + commit},
		{"another content announced", resolve + shard, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Linked-Etag", `"`+sha([]byte("x"))+`"`)
			w.Write(tiny()[shard])
		}, "and sends"},
		{"a small file with wrong bytes of the right size", "/api/resolve-cache/" + commit + "/config.json", func(w http.ResponseWriter, r *http.Request) {
			w.Write(bytes.Repeat([]byte(" "), len(tiny()["config.json"])))
		}, "its git blob is"},
		{"a redirect to nowhere", resolve + "config.json", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(302)
		}, "without https: refused"},
		{"a file that is gone", resolve + "config.json", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }, "bring config.json: hf:owner/tiny: the hub lists the file and has none"},
		{"gated files of an open listing", resolve + "config.json", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Error-Code", "GatedRepo")
			w.WriteHeader(401)
		}, "HF_TOKEN"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			h.behave(func(_ int, where, name string, w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if name == tc.path {
					tc.spoil(w, r)
				}
				return name == tc.path
			})
			dir := filepath.Join(t.TempDir(), "tiny")
			if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); !says(err, tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}

// TestPointersInPlaceOfFiles: a mirror made without Git LFS lists pointers as files, and every digest is right.
func TestPointersInPlaceOfFiles(t *testing.T) {
	for _, src := range []string{"hf:owner/tiny", "modelscope:owner/tiny"} {
		t.Run(src[:2], func(t *testing.T) {
			files := tiny()
			files[shard] = []byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + sha(files[shard]) + "\nsize 300000\n")
			h := newHub(t, files)
			dir := filepath.Join(t.TempDir(), "tiny")
			_, _, err := pull(t, src, h.env(t), hub.Options{To: dir})
			if !says(err, "lists and sends "+shard+", but it is a Git LFS pointer, not the file of 300000 bytes") {
				t.Errorf("error %v", err)
			}
			if _, err := hub.ReadRecord(dir); err == nil {
				t.Error("the directory is there in spite of it")
			}
		})
	}
}
