package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fettle/internal/hub"
)

// mischief answers most requests for files with a fault drawn from the seed, whatever the one before was.
func mischief(seed uint64) func(n int, where, name string, w http.ResponseWriter, r *http.Request, body []byte) bool {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 7))
	draw := func(n int) int { mu.Lock(); defer mu.Unlock(); return random.IntN(max(n, 1)) }
	return func(_ int, where, _ string, w http.ResponseWriter, r *http.Request, body []byte) bool {
		if where != "store" || draw(8) == 0 {
			return false
		}
		from, etag := 0, fmt.Sprintf(`"%s"`, sha(body)[:32])
		ranged, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		from = min(from, len(body))
		bad := bytes.Clone(body)
		if len(bad) > 0 {
			bad[draw(len(bad))] ^= 1
		}
		part := func(b []byte, at int, span string) {
			w.Header().Set("ETag", etag)
			w.Header().Set("Content-Range", span)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(b[min(at, len(b)):])
		}
		span := func(at int) string { return fmt.Sprintf("bytes %d-%d/%d", at, len(body)-1, len(body)) }
		switch kind := draw(12); {
		case kind == 0 || ranged == 0 && kind >= 4 && kind <= 6: // breaks somewhere
			w.Header().Set("ETag", etag)
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body[:draw(len(body))])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case kind == 1: // ends early, and says nothing of it
			w.(http.Flusher).Flush()
			w.Write(body[:draw(len(body))])
		case kind == 2:
			w.Write(append(bytes.Clone(body), 0))
		case kind == 3:
			w.Write(bad)
		case kind == 4: // the right place, other bytes
			part(bad, from, span(from))
		case kind == 5: // says one place and sends another
			part(body, draw(len(body)), span(from))
		case kind == 6:
			part(body, draw(len(body)), span(draw(len(body))))
		case kind == 7: // the file is another one from now on
			etag = fmt.Sprintf(`"%d"`, draw(1000))
			part(body, from, span(from))
		case kind == 8:
			w.WriteHeader([]int{416, 500, 503, 404, 403, 408, 204}[draw(7)])
		case kind == 9:
			w.Write([]byte("<html>"))
		case kind == 10:
			w.Header().Set("Content-Encoding", "br")
			w.Write(body)
		default: // knows no ranges
			w.Write(body)
		}
		return true
	}
}

// TestAnyFaults: through whatever faults, in whatever order, and stopped at any time, what stands there in the end is right.
func TestAnyFaults(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := newHub(t, tiny())
			h.behave(mischief(seed))
			e := h.env(t)
			e.Patience.Base = time.Microsecond
			dir := filepath.Join(t.TempDir(), "tiny")
			src, random := source(t, []string{"hf:owner/tiny", "modelscope:owner/tiny"}[seed%2]), rand.New(rand.NewPCG(seed, 8))
			tries, most := 1, 300
			for ; tries <= most; tries++ {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(2+random.IntN(120))*time.Millisecond)
				_, err := hub.Pull(ctx, src, e, hub.Options{To: dir})
				cancel()
				if err == nil {
					break
				}
				if _, err := hub.ReadRecord(dir); err == nil {
					t.Fatal("the directory is there in spite of a fault")
				}
			}
			if tries > most {
				t.Fatalf("not there after %d pulls", most)
			}
			sameModel(t, dir, tiny())
			t.Logf("%d pulls, %d requests", tries, h.requests())
		})
	}
}
