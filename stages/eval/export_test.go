package eval

import (
	"context"
	"strings"
	"time"

	"fettle/internal/progress"
	"fettle/schemas"
	"fettle/stages/eval/report"
)

// Fake is a model for tests: it reads a prompt's bytes and answers with text; one that ends with ... met the length limit.
type Fake func(prompt string) string

// Answer implements answerer.
func (f Fake) Answer(_ context.Context, prompts [][]int32) ([]answer, error) {
	var out []answer
	for _, p := range prompts {
		said := f(letters{}.Text(p))
		tokens, _ := letters{}.Prompt(said)
		out = append(out, answer{tokens: tokens, stopped: !strings.HasSuffix(said, "..."), prefill: time.Duration(len(p)) * time.Microsecond, decode: time.Microsecond})
	}
	return out, nil
}

// letters is a chat template of nothing and a tokenizer of bytes.
type letters struct{}

func (letters) Prompt(message string) ([]int32, error) {
	var out []int32
	for _, b := range []byte(message) {
		out = append(out, int32(b))
	}
	return out, nil
}

func (letters) Text(tokens []int32) string {
	var out []byte
	for _, t := range tokens {
		out = append(out, byte(t))
	}
	return string(out)
}

// Exam is a whole evaluation with fakes.
type Exam struct {
	Settings  Settings
	Questions []schemas.Question
	Docs      []schemas.Doc
	Limit     int // of a prompt, in bytes
	Base      Fake
	Tuned     map[int64]Fake
	Seeds     []int64
	Work      string
	Progress  *progress.Reporter
}

// Run gives the predictions, the scores, the times and the page.
func (x Exam) Run(ctx context.Context) ([]schemas.Prediction, []schemas.Score, []Latency, report.Page, error) {
	s := x.Settings
	p := &prompter{Prompt: s.Prompt, speaker: letters{}, limit: x.Limit, docs: x.Docs, search: s.Retriever.Value.Index(x.Docs), shown: s.Retriever.Value.Shown()}
	e := &exam{settings: s, questions: x.Questions, prompter: p, work: x.Work, progress: x.Progress}
	tuned := map[int64]answerer{}
	for seed, f := range x.Tuned {
		tuned[seed] = f
	}
	r := &results{settings: s, questions: x.Questions, sittings: sittings(s.Systems, x.Base, tuned, x.Seeds)}
	for _, sitting := range r.sittings {
		predictions, err := e.take(ctx, sitting)
		if err != nil {
			return nil, nil, nil, report.Page{}, err
		}
		r.predictions = append(r.predictions, predictions)
	}
	var err error
	if r.latencies, err = e.time(ctx, firstSeeds(r.sittings)); err != nil {
		return nil, nil, nil, report.Page{}, err
	}
	scores := r.score()
	return flat(r.predictions), scores, r.latencies, r.page(r.verdicts(), p), nil
}

// Defaults are the settings of an empty section.
func Defaults() Settings { return defaults() }

// OpenSpeaker gives the prompts and texts of a model directory.
func OpenSpeaker(dir string) (interface {
	Prompt(message string) ([]int32, error)
	Text(tokens []int32) string
}, error) {
	return openSpeaker(dir, time.Time{})
}
