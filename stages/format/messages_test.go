package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
)

// An answer is learnt or not, under whatever name a data set says so; a part of a weight is refused, for nothing would heed it.
func TestWhatIsLearnt(t *testing.T) {
	messages, _ := config.New[Shape]("messages")
	sharegpt, _ := config.New[Shape]("sharegpt")
	said := func(extra string) string {
		return `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"` + extra + `},{"role":"user","content":"r"},{"role":"assistant","content":"b"}]}`
	}
	asked := func(extra string) string {
		return `{"messages":[{"role":"user","content":"q"` + extra + `},{"role":"assistant","content":"a"}]}`
	}
	turns := func(extra string) string {
		return `{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"` + extra + `},{"from":"human","value":"r"},{"from":"gpt","value":"b"}]}`
	}
	const all, second = " | user: q | *assistant: a | user: r | *assistant: b", " | user: q | assistant: a | user: r | *assistant: b"
	tests := []struct {
		name, row string
		shape     Shape
		want      string
	}{
		{"nothing said", said(``), messages, all},
		{"null", said(`,"weight":null`), messages, all},
		{"weight 1", said(`,"weight":1`), messages, all},
		{"weight 0", said(`,"weight":0`), messages, second},
		{"weight 0.0", said(`,"weight":0.0`), messages, second},
		{"half a weight", said(`,"weight":0.5`), messages, "bad_messages"},
		{"a weight above 1", said(`,"weight":2`), messages, "bad_messages"},
		{"a weight in words", said(`,"weight":"none"`), messages, "bad_messages"},
		{"loss_weight 0", said(`,"loss_weight":0`), messages, second},
		{"half a loss_weight", said(`,"loss_weight":0.5`), messages, "bad_messages"},
		{"train false", said(`,"train":false`), messages, second},
		{"train true", said(`,"train":true`), messages, all},
		{"loss false", said(`,"loss":false`), messages, second},
		{"two names, one says no", said(`,"weight":1,"train":false`), messages, second},
		{"a user's turn that is not learnt", asked(`,"train":false`), messages, " | user: q | *assistant: a"},
		{"a user's turn to learn", asked(`,"weight":1`), messages, "bad_messages"},
		{"sharegpt, nothing said", turns(``), sharegpt, all},
		{"sharegpt, weight 0", turns(`,"weight":0`), sharegpt, second},
		{"sharegpt, train false", turns(`,"train":false`), sharegpt, second},
		{"sharegpt, half a weight", turns(`,"weight":0.5`), sharegpt, "bad_turns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{tt.want}, converted(t, tt.shape, tt.row)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Thoughts have three names in data sets.
func TestThoughts(t *testing.T) {
	for _, name := range []string{"reasoning_content", "reasoning", "thinking"} {
		m, err := message(map[string]any{"role": "assistant", "content": "a", name: "hm", "thought": "no"})
		if err != nil || m.Reasoning != "hm" {
			t.Errorf("%s: %q, %v", name, m.Reasoning, err)
		}
	}
}
