package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/serve"
	"fettle/internal/tokenizer"
)

const (
	tinyConfig = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":%d,"hidden_size":32,"intermediate_size":48,
"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":2,"head_dim":16,"hidden_act":"silu","rms_norm_eps":1e-5,
"max_position_embeddings":192,"tie_word_embeddings":true,"bos_token_id":0,"eos_token_id":2,"rope_theta":10000.0,"initializer_range":0.2}`
	tinyTemplate = `{% for m in messages %}{% if m.role == 'critic' %}{{ raise_exception('no critics') }}{% endif %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if tools %}tools: {{ tools | length }}
{% endif %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`
)

// tiny writes a model of random weights and, beside it, an adapter that changes what it says.
func tiny(t testing.TB) (dir, adapter string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "tiny")
	must(t, os.Mkdir(dir, 0o755))
	words := slices.Values([]string{"list files of a folder: ls <path>", "列出文件 ls", "extract an archive: tar xf <path>"})
	trained, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: 300, Special: []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, Alphabet: true}, words)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(tinyTemplate), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, tinyConfig, len(trained.Vocab)), 0o644))
	must(t, trained.Save(filepath.Join(dir, "tokenizer.json")))
	m, err := model.Open(dir)
	must(t, err)
	must(t, m.Save(dir, m.Init(1), "f32"))
	a, err := lora.New(m, lora.Config{Rank: 4, Alpha: 8, Targets: []string{"q_proj", "v_proj"}}, 1)
	must(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range a.Names() {
		values := make([]float32, a.Weights[name].Shape().Size())
		for i := range values {
			values[i] = float32(rng.NormFloat64() / 4)
		}
		a.Weights[name] = tensors.FromFlatDataAndDimensions(values, a.Weights[name].Shape().Dimensions...)
	}
	adapter = filepath.Join(t.TempDir(), "adapter")
	must(t, a.Save(adapter, "tiny"))
	return dir, adapter
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a server of the tiny model, as is, adapted, half adapted and adapted not at all.
type world struct {
	t      testing.TB
	models *serve.Models
	url    string
	logged *bytes.Buffer
	stop   func()
}

func newWorld(t testing.TB, change func(c *serve.Config)) *world {
	t.Helper()
	dir, adapter := tiny(t)
	source := serve.Source{Dir: dir, Backend: "go"}
	for _, s := range []string{"tuned=" + adapter, "half=" + adapter + "@0.5", "off=" + adapter + "@0"} {
		a, err := serve.ParseAdapter(s)
		must(t, err)
		source.Adapters = append(source.Adapters, a)
	}
	return serving(t, source, change)
}

// serving is a server of any model.
func serving(t testing.TB, source serve.Source, change func(c *serve.Config)) *world {
	t.Helper()
	models, err := serve.Open(source)
	must(t, err)
	w := &world{t: t, models: models, logged: &bytes.Buffer{}}
	var out lockedBuffer
	c := serve.Config{Models: models, Slots: 4, Queue: 16, MaxTokens: 100, MaxBody: 1 << 16, Grace: time.Second,
		Log: func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }}
	if change != nil {
		change(&c)
	}
	s, err := serve.New(c)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	h := httptest.NewServer(s.Handler())
	w.url = h.URL
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			h.Close()
			cancel()
			<-done
			models.Close()
			w.logged.WriteString(out.String())
		}
	}
	t.Cleanup(w.stop)
	return w
}

// post sends a body and reads the whole reply.
func (w *world) post(path, body string, headers ...string) (status int, reply string) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
	must(w.t, err)
	return w.do(r, headers...)
}

func (w *world) get(path string, headers ...string) (status int, reply string) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	must(w.t, err)
	return w.do(r, headers...)
}

func (w *world) do(r *http.Request, headers ...string) (status int, reply string) {
	w.t.Helper()
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	res, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	must(w.t, err)
	return res.StatusCode, string(raw)
}

// ask posts and decodes a reply that must be well.
func ask[T any](w *world, path, body string) (reply T) {
	w.t.Helper()
	status, raw := w.post(path, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", body, status, raw)
	}
	must(w.t, json.Unmarshal([]byte(raw), &reply))
	return reply
}

// chunks are the events of a stream, which must end as streams do.
func chunks[T any](w *world, path, body string) (all []T) {
	w.t.Helper()
	status, raw := w.post(path, body)
	events := strings.Split(strings.TrimSuffix(raw, "\n\n"), "\n\n")
	if status != http.StatusOK || events[len(events)-1] != "data: [DONE]" {
		w.t.Fatalf("%s: %d %s", body, status, raw)
	}
	for _, e := range events[:len(events)-1] {
		var v T
		must(w.t, json.Unmarshal([]byte(strings.TrimPrefix(e, "data: ")), &v))
		all = append(all, v)
	}
	return all
}
