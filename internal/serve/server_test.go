package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/internal/serve"
)

// Every refusal has OpenAI's shape.
func TestFaults(t *testing.T) {
	w := newWorld(t, func(c *serve.Config) { c.MaxBody = 4096 })
	const chatPath, completionPath = "/v1/chat/completions", "/v1/completions"
	tests := []struct {
		name, path, body string
		status           int
		code, param      string
	}{
		{name: "no JSON", path: chatPath, body: `{`, status: 400},
		{name: "nothing", path: chatPath, status: 400},
		{name: "a list", path: chatPath, body: `[]`, status: 400},
		{name: "out of place", path: chatPath, body: `{"model":}`, status: 400},
		{name: "a wrong type within", path: chatPath, body: `{"stream_options":{"include_usage":3},` + hello + `}`, status: 400, param: "stream_options.include_usage"},
		{name: "two objects", path: chatPath, body: `{} {}`, status: 400},
		{name: "unknown field", path: chatPath, body: `{"model":"tiny","temprature":1}`, status: 400, code: "unknown_parameter", param: "temprature"},
		{name: "wrong type", path: chatPath, body: `{"model":"tiny","temperature":"hot",` + hello + `}`, status: 400, param: "temperature"},
		{name: "unknown model", path: chatPath, body: `{"model":"gpt",` + hello + `}`, status: 404, code: "model_not_found", param: "model"},
		{name: "no messages", path: chatPath, body: `{"model":"tiny"}`, status: 400, param: "messages"},
		{name: "no list of messages", path: chatPath, body: `{"model":"tiny","messages":{}}`, status: 400, param: "messages"},
		{name: "unknown role", path: chatPath, body: `{"model":"tiny","messages":[{"role":"critic","content":"x"}]}`, status: 400, param: "messages"},
		{name: "a picture", path: chatPath, body: `{"model":"tiny","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}`, status: 400, param: "messages"},
		{name: "tools that are no list", path: chatPath, body: `{"model":"tiny","tools":"f",` + hello + `}`, status: 400, param: "tools"},
		{name: "a tool that is no object", path: chatPath, body: `{"model":"tiny","tools":["f"],` + hello + `}`, status: 400, param: "tools"},
		{name: "a tool of another type", path: chatPath, body: `{"model":"tiny","tools":[{"type":"retrieval"}],` + hello + `}`, status: 400, param: "tools"},
		{name: "a tool without its function", path: chatPath, body: `{"model":"tiny","tools":[{"type":"function"}],` + hello + `}`, status: 400, param: "tools"},
		{name: "a tool without a name", path: chatPath, body: `{"model":"tiny","tools":[{"type":"function","function":{"name":""}}],` + hello + `}`, status: 400, param: "tools"},
		{name: "a tool's parameters", path: chatPath, body: `{"model":"tiny","tools":[{"type":"function","function":{"name":"f","parameters":7}}],` + hello + `}`, status: 400, param: "tools"},
		{name: "hot", path: chatPath, body: `{"model":"tiny","temperature":-1,` + hello + `}`, status: 400, param: "temperature"},
		{name: "n", path: chatPath, body: `{"model":"tiny","n":0,` + hello + `}`, status: 400, param: "n"},
		{name: "penalty", path: chatPath, body: `{"model":"tiny","presence_penalty":1,` + hello + `}`, status: 400, param: "presence_penalty", code: "unsupported_value"},
		{name: "JSON mode", path: chatPath, body: `{"model":"tiny","response_format":{"type":"json_object"},` + hello + `}`, status: 400, param: "response_format", code: "unsupported_value"},
		{name: "top without logprobs", path: chatPath, body: `{"model":"tiny","top_logprobs":2,` + hello + `}`, status: 400, param: "top_logprobs"},
		{name: "more than the server gives", path: chatPath, body: `{"model":"tiny","max_tokens":101,` + hello + `}`, status: 400, param: "max_tokens"},
		{name: "more than the context holds", path: completionPath, body: `{"model":"tiny","max_tokens":100,"prompt":` + quote(strings.Repeat("q", 150)) + `}`, status: 400, param: "max_tokens", code: "context_length_exceeded"},
		{name: "a prompt beyond the context", path: chatPath, body: `{"model":"tiny","messages":[{"role":"user","content":` + quote(strings.Repeat("q", 500)) + `}]}`, status: 400, code: "context_length_exceeded", param: "messages"},
		{name: "a large body", path: chatPath, body: strings.Repeat(" ", 5000), status: 413, code: "request_too_large"},
		{name: "no prompt", path: completionPath, body: `{"model":"tiny"}`, status: 400, param: "prompt"},
		{name: "an empty prompt", path: completionPath, body: `{"model":"tiny","prompt":[]}`, status: 400, param: "prompt"},
		{name: "a token too high", path: completionPath, body: `{"model":"tiny","prompt":[99999]}`, status: 400, param: "prompt"},
		{name: "a negative token", path: completionPath, body: `{"model":"tiny","prompt":[-1]}`, status: 400, param: "prompt"},
		{name: "stop of numbers", path: completionPath, body: `{"model":"tiny","prompt":"x","stop":[1]}`, status: 400, param: "stop"},
		{name: "no such path", path: "/v1/embeddings", body: `{}`, status: 404, code: "not_found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, raw := w.post(test.path, test.body)
			var reply struct {
				Error struct{ Message, Type, Code, Param string }
			}
			if err := json.Unmarshal([]byte(raw), &reply); err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
			e := reply.Error
			if strings.Contains(e.Message, "json:") || strings.Contains(e.Message, "invalid character") || strings.Contains(e.Message, "EOF") {
				t.Errorf("the program speaks, not the server: %s", e.Message)
			}
			if status != test.status || e.Code != test.code || e.Param != test.param || e.Message == "" || e.Type == "" {
				t.Errorf("got %d %+v, want %d, code %q, param %q", status, e, test.status, test.code, test.param)
			}
		})
	}
}

func TestKey(t *testing.T) {
	const key = "sk-very-secret"
	w := newWorld(t, func(c *serve.Config) { c.Key = key })
	for header, want := range map[string]int{"": 401, "Bearer": 401, "Bearer wrong": 401, key: 401, "Bearer " + key: 200, "Bearer " + key + "x": 401} {
		if status, reply := w.get("/v1/models", "Authorization", header); status != want {
			t.Errorf("Authorization %q: %d %s, want %d", header, status, reply, want)
		}
	}
	if status, _ := w.get("/metrics"); status != 401 {
		t.Errorf("metrics without the key: %d", status)
	}
	if status, _ := w.get("/healthz"); status != 200 {
		t.Errorf("health needs no key: %d", status)
	}
	if w.stop(); strings.Contains(w.logged.String(), "secret") {
		t.Errorf("the log holds the key: %s", w.logged)
	}
}

// Without a key only this machine may ask, and no page of another site through its browser.
func TestGuard(t *testing.T) {
	w := newWorld(t, func(c *serve.Config) { c.Origins = []string{"https://friend.example"} })
	for _, test := range []struct {
		headers []string
		want    int
	}{
		{nil, 200},
		{[]string{"Host", "localhost:1"}, 200},
		{[]string{"Host", "rebound.example"}, 403},
		{[]string{"Origin", "https://foe.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Origin", "https://friend.example"}, 200},
		{[]string{"Origin", w.url}, 200},
	} {
		if status, reply := w.get("/v1/models", test.headers...); status != test.want {
			t.Errorf("%v: %d %s, want %d", test.headers, status, reply, test.want)
		}
	}
	r, err := http.NewRequest(http.MethodOptions, w.url+"/v1/chat/completions", nil)
	must(t, err)
	if status, _ := w.do(r, "Origin", "https://friend.example", "Access-Control-Request-Method", "POST"); status != http.StatusNoContent {
		t.Errorf("preflight: %d", status)
	}
	for addr, ok := range map[string]bool{"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "0.0.0.0:1": false, ":8080": false, "192.168.0.2:1": false, "[::]:1": false, "nonsense": false} {
		if err := serve.CheckListen(addr, ""); (err == nil) != ok {
			t.Errorf("listen %s without a key: %v", addr, err)
		}
	}
	if err := serve.CheckListen("0.0.0.0:1", "key"); err != nil {
		t.Error(err)
	}
}

// Many clients at once get what each gets alone.
func TestConcurrent(t *testing.T) {
	w := newWorld(t, nil)
	body := func(i int) string {
		model := w.models.Names()[i%3]
		return fmt.Sprintf(`{"model":%q,"prompt":"list %d files of","max_tokens":%d,"temperature":%d,"seed":%d}`, model, i*i, 5+7*(i%4), i%2*2, i)
	}
	want := make([]string, 12)
	for i := range want {
		want[i] = ask[completionReply](w, "/v1/completions", body(i)).Choices[0].Text
	}
	var wg sync.WaitGroup
	for i := range want {
		wg.Go(func() {
			status, raw := w.post("/v1/completions", body(i))
			var r completionReply
			if err := json.Unmarshal([]byte(raw), &r); err != nil || status != 200 || r.Choices[0].Text != want[i] {
				t.Errorf("request %d: %d %s, want %q", i, status, raw, want[i])
			}
		})
	}
	wg.Wait()
	if _, metrics := w.get("/metrics"); !strings.Contains(metrics, `fettle_requests_total{endpoint="completions",status="200"} 24`) || !strings.Contains(metrics, "fettle_rows_running 0\n") {
		t.Errorf("metrics:\n%s", metrics)
	}
}

// long is a request that takes a while.
const long = `{"model":"tiny","max_tokens":100,"ignore_eos":true,"stream":true,"messages":[{"role":"user","content":"x"}]}`

// begin starts a long answer and returns once its first event is here.
func (w *world) begin(ctx context.Context) io.ReadCloser {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/v1/chat/completions", strings.NewReader(long))
	must(w.t, err)
	res, err := http.DefaultClient.Do(r)
	must(w.t, err)
	if _, err := io.ReadFull(res.Body, make([]byte, 6)); err != nil || res.StatusCode != 200 {
		w.t.Fatalf("%d %v", res.StatusCode, err)
	}
	return res.Body
}

func (w *world) until(what, metric string) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if _, m := w.get("/metrics"); strings.Contains(m, metric) {
			return
		} else if time.Now().After(end) {
			w.t.Fatalf("waited too long for %s:\n%s", what, m)
		}
	}
}

// With no room left the answer is 429; a client that goes away makes room at once.
func TestBusyAndDisconnect(t *testing.T) {
	w := newWorld(t, func(c *serve.Config) { c.Slots, c.Queue = 1, 1 })
	both := `{"model":"tiny","prompt":["a","b"],"max_tokens":100,"ignore_eos":true,"n":1}`
	tooMany := `{"model":"tiny","prompt":["a","b","c"],"max_tokens":1}`
	if status, _ := w.post("/v1/completions", tooMany); status != 400 {
		t.Errorf("more answers than fit: %d", status)
	}
	ctx, hangUp := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // one runs, one waits, until the client hangs up
		defer close(done)
		for ctx.Err() == nil {
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/v1/completions", strings.NewReader(both))
			if res, err := http.DefaultClient.Do(r); err == nil {
				res.Body.Close()
			}
		}
	}()
	saw429 := false
	for end := time.Now().Add(20 * time.Second); !saw429 && time.Now().Before(end); {
		status, reply := w.post("/v1/completions", `{"model":"tiny","prompt":"x","max_tokens":1}`)
		if saw429 = status == http.StatusTooManyRequests; saw429 && !strings.Contains(reply, "rate_limit") {
			t.Error(reply)
		}
	}
	if !saw429 {
		t.Error("a full queue never said 429")
	}
	hangUp()
	<-done
	w.until("the rows to be free", "fettle_rows_running 0\n")
	if status, reply := w.post("/v1/completions", `{"model":"tiny","prompt":"x","max_tokens":1}`); status != 200 {
		t.Errorf("after the hang-up: %d %s", status, reply)
	}
}

// A shutdown takes nothing new, finishes what runs, and ends what outlasts the grace.
func TestShutdown(t *testing.T) {
	dir, _ := tiny(t)
	for name, grace := range map[string]time.Duration{"long grace": time.Minute, "no grace": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			models, err := serve.Open(serve.Source{Dir: dir, Backend: "go"})
			must(t, err)
			defer models.Close()
			s, err := serve.New(serve.Config{Models: models, Slots: 2, Queue: 2, MaxTokens: 180, MaxBody: 1 << 16, Grace: grace})
			must(t, err)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			w := &world{t: t, models: models, url: "http://" + l.Addr().String()}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- s.Serve(ctx, l) }()
			body := w.begin(context.Background())
			cancel()
			rest, err := io.ReadAll(body)
			whole := strings.HasSuffix(string(rest), "data: [DONE]\n\n")
			if whole != (grace > time.Second) {
				t.Errorf("answer whole: %v, %v", whole, err)
			}
			body.Close()
			must(t, <-done)
			if _, err := http.Get(w.url + "/healthz"); err == nil {
				t.Error("still answers after its shutdown")
			}
		})
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t, nil)
	if status, reply := w.get("/"); status != 200 || !strings.Contains(reply, "v1/chat/completions") {
		t.Errorf("page: %d", status)
	}
	var list struct {
		Object string
		Data   []struct{ ID, Object, Parent string }
	}
	_, raw := w.get("/v1/models")
	must(t, json.Unmarshal([]byte(raw), &list))
	if len(list.Data) != 4 || list.Data[0].ID != "tiny" || list.Data[1].Parent != "tiny" || list.Object != "list" {
		t.Errorf("models: %s", raw)
	}
	if status, _ := w.get("/v1/models/tuned"); status != 200 {
		t.Errorf("one model: %d", status)
	}
}

// Whatever a client sends: an answer or a refusal, never a failure.
func FuzzBodies(f *testing.F) {
	w := newWorld(f, func(c *serve.Config) { c.MaxTokens = 4 })
	for _, body := range []string{`{"model":"tiny",` + hello + `}`, `{"model":"tiny","prompt":[[1,2],[3]],"echo":true,"logprobs":2,"max_tokens":1}`, long,
		`{"model":"tiny","prompt":"x","stop":["a",""],"n":3,"seed":-1,"top_p":0,"top_k":-1,"min_p":1}`, `{"model":"tiny","messages":[{"role":"user","content":[{"type":"text","text":"<|im_end|>"}],"tool_calls":[{}]}]}`} {
		f.Add(true, body)
		f.Add(false, body)
	}
	f.Fuzz(func(t *testing.T, chat bool, body string) {
		path := map[bool]string{true: "/v1/chat/completions", false: "/v1/completions"}[chat]
		here := *w
		here.t = t
		status, reply := here.post(path, body)
		if status >= 500 || status == 200 && strings.Contains(reply, `"error"`) || status != 200 && !json.Valid([]byte(reply)) {
			t.Errorf("%d %s", status, reply)
		}
	})
}
