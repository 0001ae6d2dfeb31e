package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

type completionReply struct {
	Choices []struct {
		Index    int
		Text     string
		Finish   string `json:"finish_reason"`
		Logprobs *struct {
			Tokens  []string
			Scores  []*float64 `json:"token_logprobs"`
			Top     []map[string]float64
			TopKeys []map[string]float64 `json:"top_logprobs"`
			Offsets []int                `json:"text_offset"`
		}
	}
	Usage *tokens
}

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// An evaluation harness scores contexts and continuations so: tokens in, echo, one new token, which it leaves out.
func TestEchoScores(t *testing.T) {
	w := newWorld(t, nil)
	l := w.models.Language
	rows := [][]int32{l.Tokenizer.Encode("list files of a folder: ls", tokenizer.Options{}), l.Tokenizer.Encode("列出 né 🙂 <path>", tokenizer.Options{})}
	want, err := w.models.Generator("tuned").Score(context.Background(), rows, 1)
	must(t, err)
	raw, err := json.Marshal(rows)
	must(t, err)
	got := ask[completionReply](w, "/v1/completions", fmt.Sprintf(`{"model":"tuned","prompt":%s,"temperature":0,"max_tokens":1,"logprobs":1,"seed":1234,"echo":true}`, raw))
	for i, row := range rows {
		c := got.Choices[i]
		s := c.Logprobs
		if c.Index != i || len(s.Scores) != len(row)+1 || len(s.Tokens) != len(row)+1 || len(s.TopKeys) != len(row)+1 || len(s.Offsets) != len(row)+1 {
			t.Fatalf("row %d: %d scores of %d tokens and a new one", i, len(s.Scores), len(row))
		}
		if s.Scores[0] != nil || s.TopKeys[0] != nil {
			t.Errorf("row %d: the first token has a score", i)
		}
		for p := 1; p < len(row); p++ {
			top := math.Inf(-1)
			for _, v := range s.TopKeys[p] {
				top = max(top, v)
			}
			if math.Abs(*s.Scores[p]-want[i][p].Logprob) > 1e-5 || (*s.Scores[p] == top) != (want[i][p].Top[0].ID == row[p]) {
				t.Errorf("row %d token %d: %v of %v, want %+v", i, p, *s.Scores[p], s.TopKeys[p], want[i][p])
			}
		}
		text := l.Tokenizer.Decode(row, false)
		if !strings.HasPrefix(c.Text, text) {
			t.Errorf("row %d: text %q does not begin with the prompt %q", i, c.Text, text)
		}
		if joined := strings.Join(s.Tokens[:len(row)], ""); !strings.Contains(joined, "bytes:") && joined != text {
			t.Errorf("row %d: tokens spell %q, want %q", i, joined, text)
		}
	}
}

// Texts, tokens, and several of either ask alike; streams say what whole replies say.
func TestPrompts(t *testing.T) {
	w := newWorld(t, nil)
	ids := w.models.Language.Tokenizer.Encode("list files", tokenizer.Options{AddSpecial: true})
	raw, err := json.Marshal(ids)
	must(t, err)
	const rest = `,"model":"tiny","temperature":0,"max_tokens":9`
	want := ask[completionReply](w, "/v1/completions", `{"prompt":"list files"`+rest+`}`).Choices[0].Text
	for _, prompt := range []string{string(raw), `["list files"]`, "[" + string(raw) + "]", `["list files","list files"]`} {
		for _, c := range ask[completionReply](w, "/v1/completions", `{"prompt":`+prompt+rest+`}`).Choices {
			if c.Text != want {
				t.Errorf("prompt %s: %q, want %q", prompt, c.Text, want)
			}
		}
	}
	said, offsets := "", []int(nil)
	for _, chunk := range chunks[completionReply](w, "/v1/completions", `{"prompt":"list files","echo":true,"logprobs":2,"stream":true`+rest+`}`) {
		said += chunk.Choices[0].Text
		offsets = append(offsets, chunk.Choices[0].Logprobs.Offsets...)
	}
	whole := ask[completionReply](w, "/v1/completions", `{"prompt":"list files","echo":true,"logprobs":2`+rest+`}`).Choices[0]
	if said != "list files"+want || whole.Text != said {
		t.Errorf("stream %q, whole %q, want %q", said, whole.Text, "list files"+want)
	}
	if diff := cmp.Diff(whole.Logprobs.Offsets, offsets); diff != "" {
		t.Errorf("offsets (-whole +stream):\n%s", diff)
	}
	full := strings.Repeat("5,", 191) + "5" // as long as the context: nothing more fits, but its neighbour goes on
	if r := ask[completionReply](w, "/v1/completions", `{"model":"tiny","prompt":[[`+full+`],[5]],"echo":true}`); len(r.Choices) != 2 || r.Usage.Completion < 1 {
		t.Errorf("a full context and a short one: %+v", r)
	}
	if r := ask[completionReply](w, "/v1/completions", `{"model":"tiny","prompt":"list files","max_tokens":0,"echo":true}`); r.Choices[0].Text != "list files" || r.Choices[0].Finish != "length" || r.Usage.Completion != 0 {
		t.Errorf("echo alone: %+v", r)
	}
}
