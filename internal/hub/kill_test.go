package hub_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/hub"

	"golang.org/x/sys/unix"
)

// rewired sends every request for hub.invalid to the fake hub.
type rewired struct{ h *fakeHub }

func (r rewired) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == "hub.invalid" {
		req = req.Clone(req.Context())
		req.URL.Host = strings.TrimPrefix(r.h.URL, "http://")
	}
	return http.DefaultTransport.RoundTrip(req)
}

// TestMain runs a pull instead of the tests when it is a child of one.
func TestMain(m *testing.M) {
	dir := os.Getenv("FETTLE_TEST_PULL_TO")
	if dir == "" {
		os.Exit(m.Run())
	}
	if most, err := strconv.ParseUint(os.Getenv("FETTLE_TEST_PULL_MOST"), 10, 64); err == nil { // a disk that is full at so many bytes a file
		signal.Ignore(unix.SIGXFSZ)
		unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: most})
	}
	src, err := hub.ParseSource(os.Getenv("FETTLE_TEST_PULL"))
	if err == nil {
		_, err = hub.Pull(context.Background(), src, hub.FromEnv(), hub.Options{To: dir, Parallel: 3})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, src, dir string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "FETTLE_TEST_PULL="+src, "FETTLE_TEST_PULL_TO="+dir, "HF_HOME="+t.TempDir(),
		"HF_TOKEN=", "HF_HUB_OFFLINE=", "MODELSCOPE_CACHE="+t.TempDir(), "MODELSCOPE_API_TOKEN=")...)
	return cmd
}

// slowly sends a store's files in small pieces, ranges and all.
func slowly(h *fakeHub) {
	h.behave(func(_ int, where, _ string, w http.ResponseWriter, r *http.Request, body []byte) bool {
		if where == "store" {
			h.send(drip{w}, r, "", body, sha(body)[:32])
		}
		return where == "store"
	})
}

type drip struct{ http.ResponseWriter }

func (d drip) Write(b []byte) (int, error) {
	for at := 0; at < len(b); at += 4 << 10 {
		if _, err := d.ResponseWriter.Write(b[at:min(at+4<<10, len(b))]); err != nil {
			return at, err
		}
		d.ResponseWriter.(http.Flusher).Flush()
		time.Sleep(6 * time.Millisecond)
	}
	return len(b), nil
}

func over(done chan bool) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func TestKillAndResume(t *testing.T) {
	for _, src := range []string{"hf:owner/tiny", "modelscope:owner/tiny"} {
		t.Run(src[:2], func(t *testing.T) {
			h := newHub(t, tiny())
			slowly(h)
			dir := filepath.Join(t.TempDir(), "tiny")
			random := rand.New(rand.NewPCG(1, 2))
			kills := 0
			for ; kills < 40; kills++ {
				cmd := child(t, src, dir, "HF_ENDPOINT="+h.URL, "MODELSCOPE_ENDPOINT="+h.URL)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				// Every other kill waits for a file to be on its way: on a busy machine a start alone can take so long.
				done, wait, late := make(chan bool), time.Duration(60+random.IntN(120))*time.Millisecond, kills%2 == 1
				before := len(h.seen("store"))
				go func() {
					for late && len(h.seen("store")) == before && !over(done) {
						time.Sleep(time.Millisecond)
					}
					select {
					case <-done:
					case <-time.After(wait):
						cmd.Process.Kill()
					}
				}()
				err := cmd.Wait()
				close(done)
				if err == nil {
					break
				}
				if _, err := os.Stat(dir); err == nil { // killed between its last rename and its exit
					break
				}
			}
			if kills == 0 || kills == 40 {
				t.Errorf("killed %d times", kills)
			}
			sameModel(t, dir, tiny())
			resumed := 0
			for _, a := range h.seen("store") {
				if a.rng != "" {
					resumed++
					if a.ifRange == "" {
						t.Errorf("a range without If-Range: %+v", a)
					}
				}
			}
			if resumed == 0 {
				t.Error("no download went on where it was cut")
			}
			t.Logf("killed %d times, %d downloads went on", kills, resumed)
		})
	}
}

func TestCancelAndResume(t *testing.T) {
	h := newHub(t, tiny())
	slowly(h)
	e := h.env(t)
	dir := filepath.Join(t.TempDir(), "tiny")
	stopped := errors.New("stopped by the test")
	random := rand.New(rand.NewPCG(3, 4))
	for tries := 0; ; tries++ {
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(1+random.IntN(80))*time.Millisecond, stopped)
		_, err := hub.Pull(ctx, source(t, "hf:owner/tiny"), e, hub.Options{To: dir})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, stopped) || tries == 100 {
			t.Fatalf("try %d: %v", tries, err)
		}
	}
	sameModel(t, dir, tiny())
}

// TestDiskFull: a write that the disk cuts ends the pull with its name; what is there stays, and is gone on with.
func TestDiskFull(t *testing.T) {
	for _, most := range []int{0, 20, 100, 25_000, 150_000, 299_999} { // in a note, in a small file, in a large one
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			h := newHub(t, tiny())
			dir := filepath.Join(t.TempDir(), "tiny")
			out, err := child(t, "hf:owner/tiny", dir, "HF_ENDPOINT="+h.URL, "FETTLE_TEST_PULL_MOST="+fmt.Sprint(most)).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "file too large") || strings.Count(string(out), "\n") != 1 {
				t.Errorf("%v: %s", err, out)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the directory is there")
			}
			e := h.env(t)
			if _, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir}); err != nil {
				t.Fatal(err, said)
			}
			sameModel(t, dir, tiny())
			resumed := slices.ContainsFunc(h.seen("store"), func(a ask) bool { return a.rng == fmt.Sprintf("bytes=%d-", most) })
			if most >= 25_000 && !resumed {
				t.Errorf("no download went on at byte %d: %v", most, h.seen("store"))
			}
		})
	}
}

// A part that somebody else's bytes got into never becomes a file.
func TestForgedPart(t *testing.T) {
	right := `{"digest": "sha256:` + sha(tiny()[shard]) + `", "etag": "\"` + sha(tiny()[shard])[:32] + `\""}`
	tests := []struct {
		name  string
		bytes []byte
		note  string
	}{
		{"complete, no note", tiny()[shard], ""},
		{"complete, wrong bytes", noise(300_000, 99), right},
		{"half, wrong bytes", noise(150_000, 99), right},
		{"half, of another file", noise(150_000, 99), `{"digest": "sha256:00", "etag": "\"x\""}`},
		{"half, another ETag", tiny()[shard][:150_000], strings.Replace(right, `\"`, `\"0`, 1)},
		{"too long", append(tiny()[shard], 1), right},
		{"a note of nonsense", tiny()[shard][:10], "{"},
		{"complete", tiny()[shard], right},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := newHub(t, tiny())
			dir := filepath.Join(t.TempDir(), "tiny")
			write(t, filepath.Join(dir+".fettle-part", shard+".part"), tc.bytes)
			if tc.note != "" {
				write(t, filepath.Join(dir+".fettle-part", shard+".part.json"), []byte(tc.note))
			}
			// A finished name with wrong bytes, as a machine without power may leave it.
			write(t, filepath.Join(dir+".fettle-part", "tokenizer.json"), noise(40_000, 98))
			if _, _, err := pull(t, "hf:owner/tiny", h.env(t), hub.Options{To: dir}); err != nil {
				t.Fatal(err)
			}
			sameModel(t, dir, tiny())
		})
	}
}

// The environment's proxy is asked, in a process of its own: net/http reads the variables once.
func TestProxy(t *testing.T) {
	h := newHub(t, tiny())
	dir := filepath.Join(t.TempDir(), "tiny")
	var proxied atomic.Int64
	h.behave(func(_ int, _, _ string, _ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Host == "hub.invalid" {
			proxied.Add(1)
		}
		return false
	})
	out, err := child(t, "hf:owner/tiny", dir, "HF_ENDPOINT=http://hub.invalid", "HTTP_PROXY="+h.URL, "http_proxy="+h.URL, "NO_PROXY=", "no_proxy=").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sameModel(t, dir, tiny())
	if proxied.Load() == 0 {
		t.Error("no request came through the proxy")
	}
}
