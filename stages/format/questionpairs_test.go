package format

import (
	"strings"
	"testing"

	"fettle/schemas"
)

// Pairs of a page: the same prompt, the right answer, and what another item says, one that the page in the prompt shows.
func TestQuestionsInPairs(t *testing.T) {
	q := questions()
	q.Pairs, q.Context = true, Context{Share: 1, Items: 3}
	r := pageRecord("tar.md", "en", "tar", tarPage)
	var all []schemas.Conversation
	for c, err := range q.Convert(r, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) != 6 {
		t.Fatalf("%d conversations of three items, want 6", len(all))
	}
	for i := 0; i < len(all); i += 2 {
		right, wrong := all[i], all[i+1]
		if right.Side != schemas.Chosen || wrong.Side != schemas.Rejected || right.ID == wrong.ID || !sameMessage(right.Messages[0], wrong.Messages[0]) {
			t.Errorf("no pair: %v and %v", right, wrong)
		}
		answer, prompt := wrong.Messages[1].Content, wrong.Messages[0].Content
		if answer == right.Messages[1].Content || !strings.HasPrefix(answer, "tar ") {
			t.Errorf("wrong answer %q beside %q", answer, right.Messages[1].Content)
		}
		if strings.Count(prompt, "\ntar ") > 1 && !strings.Contains(prompt, answer) {
			t.Errorf("the page shows other items, the wrong answer %q is none of them: %s", answer, prompt)
		}
	}
	alone := pageRecord("a.md", "en", "a", "# a\n\n- Do:\n\n`a`\n")
	for range q.Convert(alone, 0) {
		t.Error("a page of one item gives a pair")
	}
}
