package format

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

// reference is one line of LLaMA-Factory's converters (golden/text/README.md).
type reference struct {
	Converter string `json:"converter"`
	Dataset   string `json:"dataset"`
	File      string `json:"file"`
	Row       int    `json:"row"`
	Mapping   struct {
		Ranking bool              `json:"ranking"`
		Columns map[string]string `json:"columns"`
		Tags    map[string]string `json:"tags"`
	} `json:"mapping"`
	Input  json.RawMessage `json:"input"`
	Output *struct {
		Prompt   []turn          `json:"prompt"`
		Response []turn          `json:"response"`
		System   json.RawMessage `json:"system"`
	} `json:"output"`
}

// turn is one of their messages; content is text, or parts as the data set writes them.
type turn struct {
	Role    string
	Content string
	Parts   []struct{ Type, Value string }
}

func (w *turn) UnmarshalJSON(raw []byte) error {
	var m struct {
		Role    string
		Content json.RawMessage
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	w.Role = m.Role
	if json.Unmarshal(m.Content, &w.Content) == nil {
		return nil
	}
	return json.Unmarshal(m.Content, &w.Parts)
}

// shapeOf picks our shape for a data set of theirs.
func shapeOf(r reference) Shape {
	switch {
	case r.Mapping.Ranking:
		return &Preference{premise: premise{Prompt: r.Mapping.Columns["messages"], System: "system"}, Chosen: r.Mapping.Columns["chosen"], Rejected: r.Mapping.Columns["rejected"]}
	case r.Mapping.Columns["kto_tag"] != "":
		return &KTO{premise: premise{Prompt: r.Mapping.Columns["messages"], System: "system"}, Label: r.Mapping.Columns["kto_tag"]}
	case strings.HasSuffix(r.Converter, "alpaca"):
		return &Alpaca{Prompt: "instruction", Query: "input", Response: "output", System: "system", History: "history"}
	case strings.HasSuffix(r.Converter, "sharegpt"):
		return &ShareGPT{Conversations: "conversations", System: "system", Tools: "tools"}
	case strings.HasSuffix(r.Converter, "openai"):
		return &Messages{Column: "messages", Tools: "tools"}
	}
	return nil
}

func TestShapesEqualLlamaFactory(t *testing.T) {
	f, err := os.Open(shared.Path(t, "golden/text/format/llamafactory.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]int{}
	rows := map[string][]*Record{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		s := shapeOf(r)
		if s == nil {
			continue
		}
		path := ""
		if r.Input != nil {
			path = filepath.Join(t.TempDir(), "row.jsonl")
			if err := os.WriteFile(path, r.Input, 0o644); err != nil {
				t.Fatal(err)
			}
			rows[path] = records(t, path)
			compare(t, s, r, rows[path][0])
		} else {
			path = shared.Path(t, r.File)
			if rows[path] == nil {
				rows[path] = records(t, path)
			}
			compare(t, s, r, rows[path][r.Row])
		}
		compared[r.Dataset]++
	}
	if len(compared) < 11 {
		t.Errorf("only %v were compared", compared)
	}
	t.Log(compared)
}

// records reads a table as the stage does.
func records(t *testing.T, path string) []*Record {
	t.Helper()
	r, err := table.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []*Record
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, NewRecord(schemas.NewOrigin("s", filepath.Base(path), int64(len(all)+1)), r.Schema().Fields, row))
	}
	return all
}

func compare(t *testing.T, s Shape, r reference, rec *Record) {
	t.Helper()
	if r.Mapping.Ranking || r.Mapping.Columns["kto_tag"] != "" {
		compareJudged(t, s, r, rec)
		return
	}
	name := fmt.Sprintf("%s row %d", r.Dataset, r.Row)
	var got schemas.Conversation
	var bad *Bad
	for c, err := range s.Convert(rec, 0) {
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%s: %v", name, err)
		}
		got = c
	}
	// They skip a row silently where prompt or response come out empty; here it is rejected with a reason.
	skipped := r.Output == nil || len(r.Output.Prompt) == 0 || len(r.Output.Response) == 0 || r.Output.Response[0].Content == "" && r.Output.Response[0].Parts == nil
	if bad != nil && skipped {
		return
	}
	if bad != nil {
		t.Errorf("%s: rejected (%v), they convert it", name, bad)
		return
	}
	if skipped {
		if !strings.HasSuffix(r.Converter, "openai") { // there two user messages, or two tool results, may follow each other
			t.Errorf("%s: converted, they skip it", name)
		}
		return
	}
	var turns []turn
	for _, m := range got.Messages {
		w := theirs(t, m)
		if n := len(turns); n > 0 && w.Role == "observation" && turns[n-1].Role == "observation" {
			turns[n-1].Content += "\n</tool_response>\n<tool_response>\n" + w.Content // they glue results together in one model's markup
			continue
		}
		turns = append(turns, w)
	}
	want := append(r.Output.Prompt, r.Output.Response...)
	for i := range want {
		want[i] = ours(t, want[i])
	}
	if diff := cmp.Diff(want, turns); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
	var system string
	if json.Unmarshal(r.Output.System, &system) == nil && strings.TrimSuffix(system, "\n") != got.System && system != "detailed thinking off" { // their built-in default
		t.Errorf("%s: system %q, want %q", name, got.System, system)
	}
}

// compareJudged compares preferences: they list the prompt, then both answers, of a judged one the other left empty.
func compareJudged(t *testing.T, s Shape, r reference, rec *Record) {
	t.Helper()
	sides := []string{schemas.Chosen, schemas.Rejected}
	if !r.Mapping.Ranking {
		sides = []string{schemas.Desirable, schemas.Undesirable}
	}
	var want, got []string
	for i, side := range sides {
		if r.Output.Response[i].Content != "" {
			c := schemas.Conversation{Side: side}
			for _, w := range r.Output.Prompt {
				c.Messages = append(c.Messages, schemas.Message{Role: w.Role, Content: w.Content})
			}
			c.Messages = append(c.Messages, assistant(r.Output.Response[i].Content))
			want = append(want, plainly(c))
		}
	}
	for c, err := range s.Convert(rec, 0) {
		if err != nil {
			t.Fatalf("%s row %d: %v", r.Dataset, r.Row, err)
		}
		var system string
		if json.Unmarshal(r.Output.System, &system) == nil && system == c.System {
			c.System = ""
		}
		got = append(got, plainly(c))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s row %d: %s", r.Dataset, r.Row, diff)
	}
}

// theirs is a message as LLaMA-Factory names and writes it.
func theirs(t *testing.T, m schemas.Message) turn {
	switch {
	case len(m.ToolCalls) > 0:
		var calls []any
		for _, c := range m.ToolCalls {
			var args any
			if err := json.Unmarshal([]byte(c.Arguments), &args); err != nil {
				t.Fatal(err)
			}
			calls = append(calls, map[string]any{"name": c.Name, "arguments": args})
		}
		raw, _ := json.Marshal(calls)
		return turn{Role: "function", Content: m.Reasoning + "|" + m.Content + "|" + string(raw)}
	case m.Role == "tool":
		return turn{Role: "observation", Content: m.Content}
	}
	return turn{Role: m.Role, Content: m.Reasoning + "|" + m.Content}
}

// ours writes one of their turns in the same way: calls one or a list, arguments as text or object, parts in one.
func ours(t *testing.T, w turn) turn {
	m := schemas.Message{Role: w.Role, Content: w.Content}
	if w.Role == "observation" {
		m.Role = "tool"
	}
	call := func(text string) {
		calls, err := toolCalls(text)
		if err != nil {
			t.Fatalf("their call %q: %v", text, err)
		}
		m.ToolCalls = append(m.ToolCalls, calls...)
	}
	if w.Role == "function" && w.Parts == nil {
		m.Content = ""
		call(w.Content)
	}
	for _, p := range w.Parts {
		switch p.Type {
		case "reasoning":
			m.Reasoning += p.Value
		case "tool_call":
			call(p.Value)
		default:
			m.Content += p.Value
		}
	}
	return theirs(t, m)
}
