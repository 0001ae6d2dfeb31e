package generate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/model"
)

const tinyConfig = `{"model_type":"llama","vocab_size":4096,"hidden_size":192,"intermediate_size":512,"num_hidden_layers":4,
"num_attention_heads":6,"max_position_embeddings":1024,"tie_word_embeddings":true,"rms_norm_eps":1e-5}`

// TestSpeed answers 2,000 prompts of 30-300 tokens with 10-30 new tokens on a model of the bundled base's size.
func TestSpeed(t *testing.T) {
	if os.Getenv("FETTLE_SPEED") == "" {
		t.Skip("left out: set FETTLE_SPEED=1 to measure")
	}
	cfg, err := model.ParseConfig([]byte(tinyConfig))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := model.New(cfg)
	w := m.Init(1)
	rng := rand.New(rand.NewPCG(5, 6))
	prompts, lengths, total := make([][]int32, 2000), make([]int, 2000), 0
	for i := range prompts {
		prompts[i] = make([]int32, 30+rng.IntN(271))
		lengths[i] = 10 + rng.IntN(21)
		total += len(prompts[i])
		for j := range prompts[i] {
			prompts[i][j] = int32(rng.IntN(4096))
		}
	}
	batch, _ := strconv.Atoi(os.Getenv("FETTLE_SPEED_BATCH")) // 0 = the default
	for _, adapted := range []bool{false, true} {
		g, err := generate.New(m, w, adapter(t, m, adapted), backendtest.Open(t), generate.Options{MaxNew: 64, EOS: []int32{}, Batch: batch})
		if err != nil {
			t.Fatal(err)
		}
		began, before := time.Now(), backendtest.CPU(t)
		requests := make([]generate.Request, len(prompts))
		for i := range requests {
			requests[i] = generate.Request{Prompt: prompts[i], MaxNew: lengths[i]}
		}
		out, err := g.Generate(context.Background(), requests, nil)
		if err != nil {
			t.Fatal(err)
		}
		var prefill, decode time.Duration
		n := 0
		for _, o := range out {
			prefill, decode, n = prefill+o.Prefill, decode+o.Decode, n+len(o.Tokens)
		}
		fmt.Printf("adapter %v: %v (cpu %.1fs) for %d prompt tokens (%.0f/s), %d new tokens (%.0f/s): prefill %v, decode %v\n", adapted, time.Since(began).Round(time.Millisecond), backendtest.CPU(t)-before, total, float64(total)/prefill.Seconds(), n, float64(n)/decode.Seconds(), prefill, decode)
		g.Close()
		for name, x := range w {
			c, _ := x.LocalClone()
			w[name] = c
		}
	}
}
