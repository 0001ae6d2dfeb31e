package format

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sample rows of the Spark data set specification, in our words: history may be "", null or a list.
func TestSpark(t *testing.T) {
	tests := []struct {
		name, row string
		shape     *Spark
		want      []string // role: content
		reason    string
	}{
		{"alpaca with history as text", `{"instruction": "翻译", "input": "早上好", "output": "Good morning", "history": ""}`, &Spark{Formatting: "alpaca"},
			[]string{"user: 翻译\n早上好", "assistant: Good morning"}, ""},
		{"alpaca with history", `{"q": "再来", "a": "好", "h": [["一", "二"]], "s": "你是助手"}`,
			&Spark{Formatting: "alpaca", Columns: map[string]string{"prompt": "q", "response": "a", "history": "h", "system": "s"}},
			[]string{"system: 你是助手", "user: 一", "assistant: 二", "user: 再来", "assistant: 好"}, ""},
		{"sharegpt", `{"conversations": [{"from": "human", "value": "你好"}, {"from": "gpt", "value": "您好"}]}`, &Spark{Formatting: "sharegpt"},
			[]string{"user: 你好", "assistant: 您好"}, ""},
		{"sharegpt in the wrong order", `{"conversations": [{"from": "gpt", "value": "您好"}, {"from": "human", "value": "你好"}]}`, &Spark{Formatting: "sharegpt"}, nil, "bad_order"},
		{"no answer", `{"instruction": "翻译", "output": ""}`, &Spark{Formatting: "alpaca"}, nil, "empty_response"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rows.jsonl")
			if err := os.WriteFile(path, []byte(tc.row+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			for c, err := range tc.shape.Convert(records(t, path)[0], 0) {
				reason := ""
				if b, ok := err.(*Bad); ok {
					reason = b.Reason
				}
				if reason != tc.reason {
					t.Fatalf("%v, want reason %q", err, tc.reason)
				}
				if reason != "" {
					return
				}
				var got []string
				if c.System != "" {
					got = append(got, "system: "+c.System)
				}
				for _, m := range c.Messages {
					got = append(got, m.Role+": "+m.Content)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	faults := 0
	(&Spark{Formatting: "sharegpt", Columns: map[string]string{"prompt": "x"}}).Check(func(string, string) { faults++ })
	if faults != 1 {
		t.Errorf("%d faults for a name of the other form, want 1", faults)
	}
}
