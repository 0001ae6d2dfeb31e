package eval

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fettle/internal/progress"
	"fettle/schemas"
	"fettle/stages/eval/verdict"
)

// answerer is a model that continues prompts greedily.
type answerer interface {
	Answer(ctx context.Context, prompts [][]int32) ([]answer, error)
}

// answer is what a model said and how long it took.
type answer struct {
	tokens  []int32
	stopped bool          // ended by itself, not by the length limit
	prefill time.Duration // reading the prompt
	decode  time.Duration // writing the answer
}

// exam is the questions and how they are put.
type exam struct {
	settings  Settings
	questions []schemas.Question
	prompter  *prompter
	work      string // answers so far: an interrupted exam goes on from there
	progress  *progress.Reporter
}

// sitting is one system that takes the exam, with one trained seed (0: no adapter).
type sitting struct {
	system string
	seed   int64
	model  answerer
}

// sittings lists what there is to do: systems without an adapter once, the others for each seed.
func sittings(systems []string, base answerer, tuned map[int64]answerer, seeds []int64) []sitting {
	var out []sitting
	for _, system := range systems {
		if !verdict.IsTuned(system) {
			out = append(out, sitting{system, 0, base})
			continue
		}
		for _, seed := range seeds {
			out = append(out, sitting{system, seed, tuned[seed]})
		}
	}
	return out
}

// take puts all questions to a system. Questions of like length are asked together, always in the same batches: neither an
// interruption nor the batches' order can change an answer.
func (e *exam) take(ctx context.Context, s sitting) ([]schemas.Prediction, error) {
	prompts := make([]asked, len(e.questions))
	order := make([]int, len(e.questions))
	for i, q := range e.questions {
		var err error
		if prompts[i], err = e.prompter.ask(s.system, q); err != nil {
			return nil, err
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(prompts[a].tokens), len(prompts[b].tokens)) })

	notes, err := openNotes(filepath.Join(e.work, fmt.Sprintf("%s-%d.jsonl", s.system, s.seed)), e.settings.Batch)
	if err != nil {
		return nil, err
	}
	defer notes.file.Close()
	task := e.progress.Task(label(s), int64(len(order)), "questions")
	task.Resume(int64(len(notes.done)))
	for batch := range slices.Chunk(order[len(notes.done):], e.settings.Batch) {
		if err := e.batch(ctx, s, prompts, batch, notes); err != nil {
			return nil, fmt.Errorf("%s: %w", label(s), err)
		}
		task.Add(int64(len(batch)))
	}
	task.Done()

	predictions := make([]schemas.Prediction, len(order))
	for k, i := range order {
		p := notes.done[k]
		if p.Question != e.questions[i].ID {
			return nil, fmt.Errorf("%s: kept answer %d is to question %s, want %s", label(s), k, p.Question, e.questions[i].ID)
		}
		predictions[i] = p
	}
	return predictions, nil
}

func (e *exam) batch(ctx context.Context, s sitting, prompts []asked, batch []int, notes *notes) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	tokens := make([][]int32, len(batch))
	for k, i := range batch {
		tokens[k] = prompts[i].tokens
	}
	answers, err := s.model.Answer(ctx, tokens)
	if err != nil {
		return err
	}
	var rows []schemas.Prediction
	for k, i := range batch {
		rows = append(rows, schemas.Prediction{Question: e.questions[i].ID, System: s.system, Seed: s.seed,
			Answer: e.prompter.speaker.Text(answers[k].tokens), Stopped: answers[k].stopped, Retrieved: prompts[i].retrieved})
	}
	return notes.add(rows)
}

func label(s sitting) string {
	if s.seed == 0 {
		return s.system
	}
	return fmt.Sprintf("%s, seed %d", s.system, s.seed)
}

// notes is a file of answers so far, whole batches only.
type notes struct {
	done []schemas.Prediction
	file *os.File
}

func openNotes(path string, batch int) (*notes, error) {
	n := &notes{}
	whole, size := int64(0), int64(0)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep answers: %w", err)
	}
	n.file = file
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		var p schemas.Prediction
		if err != nil || json.Unmarshal(line, &p) != nil {
			break // the end, or a line that a crash cut
		}
		size += int64(len(line))
		n.done = append(n.done, p)
		if len(n.done)%batch == 0 {
			whole = size
		}
	}
	n.done = n.done[:len(n.done)/batch*batch]
	if err := errors.Join(file.Truncate(whole), seek(file, whole)); err != nil {
		return nil, fmt.Errorf("keep answers: %w", errors.Join(err, file.Close()))
	}
	return n, nil
}

func seek(file *os.File, at int64) error {
	_, err := file.Seek(at, 0)
	return err
}

// add keeps a batch: in one write, so that a crash loses at most this one.
func (n *notes) add(rows []schemas.Prediction) error {
	var lines []byte
	for _, p := range rows {
		line, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("keep answers: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if _, err := n.file.Write(lines); err != nil {
		return fmt.Errorf("keep answers: %w", err)
	}
	n.done = append(n.done, rows...)
	return nil
}
