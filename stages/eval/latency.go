package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fettle/schemas"
)

// Latency is how long one answer took, in seconds: a row of latency.parquet, which is a fact of the machine.
type Latency struct {
	Question     string  `json:"question"`
	System       string  `json:"system"`
	Seed         int64   `json:"seed"`
	Search       float64 `json:"search"` // finding documents, building and tokenizing the prompt
	Prompt       float64 `json:"prompt"` // reading the prompt
	Answer       float64 `json:"answer"` // writing the answer
	Total        float64 `json:"total"`  // wall time of the whole
	PromptTokens int64   `json:"prompt_tokens"`
	AnswerTokens int64   `json:"answer_tokens"`
}

// shapeStep is the step of prompt lengths within which models are expected to share a compiled program.
const shapeStep = 32

// time asks some questions once more, one at a time: every system in turn for each question, so that what else the machine
// does meets all alike. The first prompt of each length class is answered once before, untimed: compiling is not answering.
func (e *exam) time(ctx context.Context, sittings []sitting) ([]Latency, error) {
	sample := spread(e.questions, e.settings.Timed)
	task := e.progress.Task("timing", int64(len(sample)*len(sittings)), "answers")
	warm := map[string]bool{}
	var out []Latency
	for _, q := range sample {
		for _, s := range sittings {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			a, err := e.prompter.ask(s.system, q)
			if err != nil {
				return nil, err
			}
			if class := fmt.Sprint(label(s), (len(a.tokens)+shapeStep-1)/shapeStep); !warm[class] {
				warm[class] = true
				if _, err := s.model.Answer(ctx, [][]int32{a.tokens}); err != nil {
					return nil, err
				}
			}
			l, err := e.timeOne(ctx, s, q)
			if err != nil {
				return nil, err
			}
			out = append(out, l)
			task.Add(1)
		}
	}
	task.Done()
	return out, nil
}

func (e *exam) timeOne(ctx context.Context, s sitting, q schemas.Question) (Latency, error) {
	start := time.Now()
	a, err := e.prompter.ask(s.system, q)
	if err != nil {
		return Latency{}, err
	}
	search := time.Since(start)
	answers, err := s.model.Answer(ctx, [][]int32{a.tokens})
	if err != nil {
		return Latency{}, err
	}
	return Latency{Question: q.ID, System: s.system, Seed: s.seed, Search: search.Seconds(), Prompt: answers[0].prefill.Seconds(),
		Answer: answers[0].decode.Seconds(), Total: time.Since(start).Seconds(), PromptTokens: int64(len(a.tokens)), AnswerTokens: int64(len(answers[0].tokens))}, nil
}

// spread takes n questions at even distances.
func spread(questions []schemas.Question, n int) []schemas.Question {
	if n >= len(questions) {
		return slices.Clone(questions)
	}
	out := make([]schemas.Question, n)
	for k := range out {
		out[k] = questions[k*len(questions)/n]
	}
	return out
}
