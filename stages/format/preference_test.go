package format

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/config"
	"fettle/internal/shared"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

// plainly writes a conversation as role: content lines, * before what is learnt.
func plainly(c schemas.Conversation) string {
	var lines []string
	if c.System != "" {
		lines = append(lines, "system: "+c.System)
	}
	for _, m := range c.Messages {
		line := m.Role + ": " + m.Content
		if m.LossWeight != 0 {
			line = "*" + line
		}
		lines = append(lines, line)
	}
	return c.Side + " | " + strings.Join(lines, " | ")
}

// converted are a row's conversations, or the reason why it has none.
func converted(t *testing.T, s Shape, row string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "row.jsonl")
	if err := os.WriteFile(path, []byte(row+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out []string
	for c, err := range s.Convert(records(t, path)[0], 0) {
		var b *Bad
		switch {
		case errors.As(err, &b):
			return []string{b.Reason}
		case err != nil:
			t.Fatal(err)
		}
		out = append(out, plainly(c))
	}
	return out
}

func TestPreference(t *testing.T) {
	usual, _ := config.New[Shape]("preference")
	with := func(change func(*Preference)) Shape {
		p := *usual.(*Preference)
		change(&p)
		return &p
	}
	alpaca := with(func(p *Preference) { p.Prompt, p.Query = "instruction", "input" })
	sharegpt := with(func(p *Preference) { p.Prompt = "conversations" })
	tests := []struct {
		name, row string
		shape     Shape
		want      []string
	}{
		{"texts", `{"prompt":"Sky?","chosen":"blue","rejected":"green","system":"be brief"}`, usual,
			[]string{"chosen | system: be brief | user: Sky? | *assistant: blue", "rejected | system: be brief | user: Sky? | *assistant: green"}},
		{"messages", `{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}`, usual,
			[]string{"chosen | system: s | user: q | *assistant: a", "rejected | system: s | user: q | *assistant: b"}},
		{"no prompt, messages", `{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}`, usual,
			[]string{"chosen | user: q | *assistant: a", "rejected | user: q | *assistant: b"}},
		{"no prompt, texts", `{"chosen":"The sky is blue.","rejected":"The sky is green."}`, usual,
			[]string{"chosen | user: The sky is | *assistant:  blue.", "rejected | user: The sky is | *assistant:  green."}},
		{"UltraFeedback: the prompt again in the answers", `{"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}`, usual,
			[]string{"chosen | user: q | *assistant: a", "rejected | user: q | *assistant: b"}},
		{"HH dialogues", `{"chosen":"\n\nHuman: hi\n\nAssistant: hello\n\nHuman: and?\n\nAssistant: well","rejected":"\n\nHuman: hi\n\nAssistant: hello\n\nHuman: and?\n\nAssistant: no"}`, usual,
			[]string{"chosen | user: hi | assistant: hello | user: and? | *assistant: well", "rejected | user: hi | assistant: hello | user: and? | *assistant: no"}},
		{"HH prompt", `{"prompt":"\n\nHuman: hi\n\nAssistant:","chosen":" well","rejected":" no"}`, usual,
			[]string{"chosen | user: hi | *assistant:  well", "rejected | user: hi | *assistant:  no"}},
		{"answers of several turns", `{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"c"}],"rejected":[{"role":"assistant","content":"b"}]}`, usual,
			[]string{"chosen | user: q | *assistant: a | user: r | *assistant: c", "rejected | user: q | *assistant: b"}},
		{"Alpaca ranking", `{"instruction":"Add","input":"1 2","chosen":"3","rejected":"4","history":[["hi","ho"]]}`, alpaca,
			[]string{"chosen | user: hi | assistant: ho | user: Add\n1 2 | *assistant: 3", "rejected | user: hi | assistant: ho | user: Add\n1 2 | *assistant: 4"}},
		{"ShareGPT ranking", `{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"q"}],"chosen":{"from":"gpt","value":"a"},"rejected":{"from":"gpt","value":"b"}}`, sharegpt,
			[]string{"chosen | system: s | user: q | *assistant: a", "rejected | system: s | user: q | *assistant: b"}},
		{"messages in a string", `{"prompt":"q","chosen":"[{\"role\":\"assistant\",\"content\":\"a\"}]","rejected":"b"}`, usual,
			[]string{"chosen | user: q | *assistant: a", "rejected | user: q | *assistant: b"}},
		{"equal texts", `{"prompt":"q","chosen":"a","rejected":"a"}`, usual, []string{"equal_answers"}},
		{"equal dialogues", `{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q\n\nAssistant: a"}`, usual, []string{"equal_answers"}},
		{"empty answer", `{"prompt":"q","chosen":"a","rejected":" "}`, usual, []string{"empty_answer"}},
		{"null answer", `{"prompt":"q","chosen":null,"rejected":"b"}`, usual, []string{"empty_answer"}},
		{"empty message", `{"prompt":"q","chosen":[{"role":"assistant","content":""}],"rejected":[{"role":"assistant","content":"b"}]}`, usual, []string{"empty_answer"}},
		{"the dialogues have other prompts", `{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: p\n\nAssistant: a"}`, usual, []string{"prompts_differ"}},
		{"they part at a question", `{"chosen":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b","rejected":"\n\nHuman: q\n\nAssistant: a\n\nHuman: s\n\nAssistant: b"}`, usual, []string{"prompts_differ"}},
		{"another prompt than in the answers", `{"prompt":"x","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}`, usual, []string{"prompts_differ"}},
		{"one is the other's beginning", `{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q"}`, usual, []string{"empty_answer"}},
		{"no prompt at all", `{"chosen":"a","rejected":"b"}`, usual, []string{"no_prompt"}},
		{"empty prompt", `{"prompt":" ","chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}`, usual, []string{"no_prompt"}},
		{"an answer that ends with a question", `{"prompt":"q","chosen":[{"role":"assistant","content":"a"},{"role":"user","content":"r"}],"rejected":[{"role":"assistant","content":"b"}]}`, usual, []string{"bad_order"}},
		{"a prompt that ends with an answer", `{"prompt":[{"role":"user","content":"q"},{"role":"assistant","content":"z"}],"chosen":"a","rejected":"b"}`, usual, []string{"bad_order"}},
		{"no message", `{"prompt":"q","chosen":[{"role":"poet","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}`, usual, []string{"bad_answer"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, converted(t, tc.shape, tc.row)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKTO(t *testing.T) {
	usual, _ := config.New[Shape]("kto")
	with := func(change func(*KTO)) Shape {
		k := *usual.(*KTO)
		change(&k)
		return &k
	}
	tests := []struct {
		name, row string
		shape     Shape
		want      []string
	}{
		{"texts", `{"prompt":"q","completion":"a","label":true}`, usual, []string{"desirable | user: q | *assistant: a"}},
		{"messages", `{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}],"label":false}`, usual, []string{"undesirable | user: q | *assistant: a"}},
		{"a number", `{"prompt":"q","completion":"a","label":0}`, usual, []string{"undesirable | user: q | *assistant: a"}},
		{"a text", `{"prompt":"q","completion":"a","label":"True"}`, usual, []string{"desirable | user: q | *assistant: a"}},
		{"the whole conversation", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"z"},{"role":"user","content":"r"},{"role":"assistant","content":"a"}],"label":true}`,
			with(func(k *KTO) { k.Prompt = "messages" }), []string{"desirable | user: q | assistant: z | user: r | *assistant: a"}},
		{"the prompt again in the answer", `{"prompt":"q","completion":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"label":true}`, usual, []string{"desirable | user: q | *assistant: a"}},
		{"Alpaca", `{"instruction":"q","input":"","output":"a","kto_tag":true}`,
			with(func(k *KTO) { k.Prompt, k.Query, k.Completion, k.Label = "instruction", "input", "output", "kto_tag" }), []string{"desirable | user: q | *assistant: a"}},
		{"no label", `{"prompt":"q","completion":"a","label":null}`, usual, []string{"bad_label"}},
		{"another label", `{"prompt":"q","completion":"a","label":"good"}`, usual, []string{"bad_label"}},
		{"empty", `{"prompt":"q","completion":"","label":true}`, usual, []string{"empty_answer"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, converted(t, tc.shape, tc.row)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Answers are passed on as TRL does: (x1, yn), (x2, y1), ... in groups; a last group of one joins the one before.
func TestMismatch(t *testing.T) {
	var window []schemas.Conversation
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		window = append(window, onSide(schemas.Conversation{Origin: schemas.NewOrigin("s", n, 1)}, schemas.Desirable, []schemas.Message{user("x" + n)}, []schemas.Message{assistant("y" + n)}))
	}
	said := func(group int) (out []string) {
		all, err := mismatch(window, group)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range all {
			if (c.Side == schemas.Mismatched) != (i%2 == 1) {
				t.Fatalf("conversation %d is %s", i, c.Side)
			}
			if i%2 == 1 {
				out = append(out, c.Messages[0].Content+c.Messages[1].Content)
			}
		}
		return out
	}
	for group, want := range map[int][]string{5: {"x1y5", "x2y1", "x3y2", "x4y3", "x5y4"}, 2: {"x1y2", "x2y1", "x3y5", "x4y3", "x5y4"}, 8: {"x1y5", "x2y1", "x3y2", "x4y3", "x5y4"}} {
		if diff := cmp.Diff(want, said(group)); diff != "" {
			t.Errorf("group %d: %s", group, diff)
		}
	}
	if n := rotated(&KTO{Rotate: 3}).rotation(); n != 3 {
		t.Errorf("groups of %d, the settings say 3", n)
	}
	if _, err := mismatch(window[:1], 4); err == nil {
		t.Error("one answer has a mismatched one")
	}
}

func TestPrefixesEqualTRL(t *testing.T) {
	f, err := os.Open(shared.Path(t, "golden/text/format/trl.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compared := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c struct {
			Function      string
			Input, Output json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Function != "extract_prompt" {
			continue
		}
		var in, want struct{ Prompt, Chosen, Rejected any }
		if err := errors.Join(json.Unmarshal(c.Input, &in), json.Unmarshal(c.Output, &want)); err != nil {
			t.Fatal(err)
		}
		if cmp.Equal(in.Chosen, in.Rejected) {
			continue // equal answers: they take all but the last letter for the prompt, here they are rejected
		}
		got := converted(t, &Preference{premise: premise{Prompt: "prompt"}, Chosen: "chosen", Rejected: "rejected"}, string(c.Input))
		wanted := []string{expected(t, schemas.Chosen, want.Prompt, want.Chosen), expected(t, schemas.Rejected, want.Prompt, want.Rejected)}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s\n%s", lines.Text(), diff)
		}
		compared++
	}
	if compared < 30 {
		t.Errorf("only %d were compared", compared)
	}
}

func expected(t *testing.T, side string, prompt, answer any) string {
	t.Helper()
	var c schemas.Conversation
	for i, v := range []any{prompt, answer} {
		d, err := readDialogue(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range d.as([]string{"user", "assistant"}[i]) {
			if m.LossWeight = 0; i == 1 && m.Role == "assistant" {
				m.LossWeight = 1
			}
			c.Messages = append(c.Messages, m)
		}
	}
	c.Side = side
	return plainly(c)
}
