package serve_test

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/internal/serve"
)

// A long prompt does not stop the streams of others: between two of its chunks every stream gets its token. Here a short and a
// long prompt start together, and the short one's answer is there before the long one's first token.
func TestLongPromptInterleaves(t *testing.T) {
	dir := scripted(t, tinyTemplate, []string{"a1", "a2", "a3"}, nil)
	w := serving(t, serve.Source{Dir: dir, Backend: "go", Chunk: 64}, nil)
	body := fmt.Sprintf(`{"model":"scripted","prompt":["x\n",%q],"max_tokens":8,"temperature":0,"ignore_eos":true,"stream":true,"logprobs":0}`, strings.Repeat("q", 900)+"\n")
	ahead := 0
	const tries = 5 // a busy machine may hand the pieces of one token's two streams on in any order
	for range tries {
		var order []int
		said := map[int]string{}
		for _, c := range chunks[completionReply](w, "/v1/completions", body) {
			order, said[c.Choices[0].Index] = append(order, c.Choices[0].Index), said[c.Choices[0].Index]+c.Choices[0].Text
		}
		if slices.IsSorted(order) {
			ahead++
		}
		if said[0] != said[1] || !strings.HasPrefix(said[1], "a1a2a3") {
			t.Errorf("both prompts end alike, so the scripted model says the same: %q, %q", said[0], said[1])
		}
	}
	if ahead <= tries/2 {
		t.Errorf("the long prompt's tokens came before the short one's end in %d of %d tries", tries-ahead, tries)
	}
}

// Many prompts to score do not stop a stream either: it gets its token between two batches of them.
func TestScoringInterleaves(t *testing.T) {
	dir := scripted(t, tinyTemplate, []string{"a1", "a2", "a3"}, nil)
	w := serving(t, serve.Source{Dir: dir, Backend: "go"}, func(c *serve.Config) { c.MaxTokens = 1000 })
	row := fmt.Sprintf("%q", strings.Repeat("q", 900))
	score := `{"model":"scripted","prompt":[` + strings.Repeat(row+",", 31) + row + `],"max_tokens":0,"echo":true,"logprobs":0}`
	w.post("/v1/completions", score) // its programs are compiled now
	res, err := http.Post(w.url+"/v1/completions", "application/json", strings.NewReader(`{"model":"scripted","prompt":"x","max_tokens":1000,"ignore_eos":true,"stream":true,"logprobs":0}`))
	must(t, err)
	defer res.Body.Close()
	tokens := make(chan time.Time, 1001)
	go func() {
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			if strings.HasPrefix(s.Text(), "data: {") {
				tokens <- time.Now()
			}
		}
		close(tokens)
	}()
	last := <-tokens
	began := time.Now()
	status, reply := w.post("/v1/completions", score)
	took := time.Since(began)
	if status != 200 {
		t.Fatal(reply)
	}
	res.Body.Close()
	longest := time.Duration(0) // between two tokens
	for at := range tokens {
		longest, last = max(longest, at.Sub(last)), at
	}
	if longest > took*3/4 {
		t.Errorf("scoring took %v, and for %v of it the stream stood still", took, longest)
	}
}
