package eval_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/internal/progress"
	"fettle/schemas"
	"fettle/stages/eval"
	"fettle/stages/eval/report"
	"fettle/stages/eval/verdict"
)

// exam asks for the values of keys. The base copies a value that stands in its prompt; the tuned model also knows those that
// were trained. Documents hold "key = value".
func exam(t *testing.T, n int) eval.Exam {
	t.Helper()
	tell, err := progress.New("eval", io.Discard, filepath.Join(t.TempDir(), "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tell.Close() })
	x := eval.Exam{Settings: eval.Defaults(), Limit: 400, Work: t.TempDir(), Progress: tell, Seeds: []int64{1, 2}, Tuned: map[int64]eval.Fake{}}
	x.Settings.Judge.Resamples, x.Settings.Timed, x.Settings.Batch = 500, 10, 7
	x.Settings.Metrics = []config.Choice[eval.Metric]{choice(t, "token_f1"), choice(t, "f1_zh_char")}
	trained := map[string]string{}
	for i := range n {
		for k, fact := range []bool{true, true, false, false} {
			known := k%2 == 0
			key, value := fmt.Sprintf("key%dx%d", i, k), fmt.Sprintf("value%d", (i*7+k)%n)
			id := fmt.Sprintf("doc%d-%d", i, k)
			text := key + " = " + value
			if known {
				x.Docs = append(x.Docs, schemas.Doc{DocID: id, Title: "Keys", Text: text, Lang: "en"})
			}
			q := schemas.Question{ID: fmt.Sprintf("q%03d-%d", i, k), Question: "What is " + key + "?", Answers: []string{value}, DocID: id, Group: id, Lang: "en",
				Fact: fact, Known: known, Wording: verdict.New, Context: text}
			if fact {
				trained[key], q.Wording = value, verdict.Reworded
			}
			x.Questions = append(x.Questions, q)
		}
	}
	read := func(prompt string) string {
		key := strings.TrimSuffix(prompt[strings.LastIndex(prompt, "What is ")+len("What is "):], "?")
		_, after, found := strings.Cut(prompt, key+" = ")
		if !found {
			return ""
		}
		return strings.Fields(after)[0]
	}
	x.Base = read
	for _, seed := range x.Seeds {
		x.Tuned[seed] = func(prompt string) string {
			if said := read(prompt); said != "" {
				return said
			}
			key := strings.TrimSuffix(prompt[strings.LastIndex(prompt, "What is ")+len("What is "):], "?")
			return trained[key]
		}
	}
	return x
}

func choice(t *testing.T, name string) config.Choice[eval.Metric] {
	t.Helper()
	m, ok := config.New[eval.Metric](name)
	if !ok {
		t.Fatalf("no metric %s", name)
	}
	return config.Choice[eval.Metric]{Name: name, Value: m}
}

func TestExam(t *testing.T) {
	x := exam(t, 60)
	predictions, scores, latencies, page, err := x.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// Five systems, two of them with two seeds.
	if want := 7 * len(x.Questions); len(predictions) != want || len(scores) != 3*want {
		t.Errorf("%d predictions, %d scores, want %d, %d", len(predictions), len(scores), want, 3*want)
	}
	if len(latencies) != 5*x.Settings.Timed {
		t.Errorf("%d times, want %d", len(latencies), 5*x.Settings.Timed)
	}
	want := map[string]verdict.Outcome{"scope": verdict.Refuted, "independence": verdict.Supported, "combination": verdict.Supported}
	got := map[string]verdict.Outcome{}
	for _, v := range page.Verdicts {
		if _, ok := want[v.Claim]; ok {
			got[v.Claim] = v.Outcome
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r := page.Retrieval[0]; r.N != 120 || r.RecallAtK != 1 || r.AnswerFound != 1 {
		t.Errorf("retrieval: %+v", r)
	}
	if f := page.Flips; f.Both != 60 || f.OnlyA != 60 || f.OnlyB != 60 || f.Neither != 60 || len(f.Examples) != 10 {
		t.Errorf("flips: %+v", f)
	}
	if p := page.Probe[0]; p.N != 120 || p.K != 0 {
		t.Errorf("probe: %+v", p)
	}
	var html strings.Builder
	if err := report.Render(&html, page); err != nil || strings.Contains(html.String(), "NaN") {
		t.Errorf("render: %v", err)
	}
}

// An exam that is stopped at any batch, even in the middle of a line, ends with the same answers.
func TestExamGoesOn(t *testing.T) {
	want, _, _, _, err := exam(t, 10).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	x := exam(t, 10)
	for calls := 1; calls < 12; calls += 3 {
		ctx, cancel := context.WithCancelCause(context.Background())
		why, left := errors.New("stopped"), calls
		stopping := x
		stopping.Base = func(prompt string) string {
			if left--; left == 0 {
				cancel(why)
			}
			return x.Base(prompt)
		}
		if _, _, _, _, err := stopping.Run(ctx); !errors.Is(err, why) {
			t.Fatalf("stopped after %d answers: %v", calls, err)
		}
		notes := filepath.Join(x.Work, "base-0.jsonl")
		raw, err := os.ReadFile(notes)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(notes, append(raw, `{"question":"q00`...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, _, _, _, err := x.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-straight +interrupted):\n%s", diff)
	}
}

func TestLongDocumentsAreCut(t *testing.T) {
	x := exam(t, 3)
	x.Limit = 90
	for i := range x.Docs {
		x.Docs[i].Text += strings.Repeat(" padding", 20)
	}
	predictions, _, _, _, err := x.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range predictions {
		if p.System == verdict.BaseRAG && len(p.Retrieved) > 1 {
			t.Errorf("%s: %d documents in a prompt with room for the head of one", p.Question, len(p.Retrieved))
		}
		if p.System == verdict.BaseRAG && strings.HasSuffix(p.Question, "-0") && p.Answer == "" {
			t.Errorf("%s: the head of the document was lost", p.Question)
		}
	}
}

// The page says how many answers of each system met the length limit: they count as wrong, and that is another fault.
func TestCutAnswersAreCounted(t *testing.T) {
	x := exam(t, 10)
	tuned := x.Tuned[1]
	x.Tuned[1] = func(prompt string) string { return tuned(prompt) + "..." }
	_, _, _, page, err := x.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Cut) != len(page.Heat.Systems) {
		t.Fatalf("%d systems have a share, want %d", len(page.Cut), len(page.Heat.Systems))
	}
	for i, system := range page.Heat.Systems {
		got, n, k := page.Cut[i], 40, 0
		if system == verdict.Tuned || system == verdict.TunedRAG { // two seeds, one of which never stops
			n, k = 80, 40
		}
		if got.N != n || got.K != k {
			t.Errorf("%s: %d of %d, want %d of %d", system, got.K, got.N, k, n)
		}
	}
}
