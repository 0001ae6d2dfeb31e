package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/modeldir"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// Stage is the stage eval: it writes predictions.parquet and scores.parquet and, as facts, what was timed and judged.
var Stage = stage.Def[Settings]{
	Name:     "eval",
	Version:  2,
	Inputs:   []stage.Input{{Name: "format"}, {Name: "train", Optional: true}},
	Defaults: defaults,
	Backend:  stage.Backend[Settings]{Setting: func(s *Settings) *string { return &s.Backend }, Check: backend.Check, Resolve: backend.Resolve, Prepare: backend.Prepare},
	Digests:  digests,
	Facts:    []string{"latency.parquet", "verdict.json", "report.html", "summary.txt", "summary.zh.txt"},
	Run:      run,
}

func digests(_ Settings, root string, in map[string]*artifact.Artifact, hash modeldir.Hash) (map[string]string, error) {
	note, err := modeldir.FromNotes(in["format"].Manifest.Notes)
	if err != nil {
		return nil, err
	}
	_, err = modeldir.Open(root, note, hash)
	more := note.Keyed()
	if train := in["train"]; train != nil { // what its manifest says of the training decides how its files are used
		for _, name := range []string{"mode", "seeds", "quant"} {
			raw, err := json.Marshal(train.Manifest.Notes[name])
			if err != nil {
				return nil, err
			}
			more["train."+name] = string(raw)
		}
	}
	return more, err
}

// errTime is why an exam that took longer than max_time stopped; its answers are kept.
var errTime = errors.New("max_time is over: what is answered is kept, the same command goes on")

func run(ctx context.Context, j *stage.Job[Settings]) error {
	if j.Settings.MaxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, time.Now().Add(j.Settings.MaxTime), errTime)
		defer cancel()
	}
	m, err := openModels(j)
	if err != nil {
		return err
	}
	defer m.close()
	e, err := newExam(j, m)
	if err != nil {
		return err
	}
	r := &results{settings: j.Settings, questions: e.questions, sittings: sittings(j.Settings.Systems, m.base, m.tuned, m.seeds)}
	for _, s := range r.sittings {
		predictions, err := e.take(ctx, s)
		if err != nil {
			return err
		}
		r.predictions = append(r.predictions, predictions)
	}
	if r.latencies, err = e.time(ctx, firstSeeds(r.sittings)); err != nil {
		return err
	}
	return write(j, r, m, e)
}

// newExam reads the questions and the knowledge base. A question that does not fit the model even without documents is
// rejected: no system is asked it.
func newExam(j *stage.Job[Settings], m *models) (*exam, error) {
	s := j.Settings
	p := &prompter{Prompt: s.Prompt, speaker: m.speaker, limit: m.room - s.MaxNewTokens, shown: s.Retriever.Value.Shown()}
	if s.MaxPrompt > 0 {
		p.limit = min(p.limit, s.MaxPrompt)
	}
	if p.limit < 1 {
		return nil, fmt.Errorf("max_new_tokens %d leaves no room for a prompt: the model's context has %d tokens", s.MaxNewTokens, m.room)
	}
	if _, err := os.Stat(j.In["format"].Path("questions.arrow")); err != nil {
		return nil, fmt.Errorf("%s holds no questions: set format.exam", j.In["format"].Ref)
	}
	var err error
	if p.docs, err = rows[schemas.Doc](j, "kb.arrow"); err != nil {
		return nil, err
	}
	p.search = s.Retriever.Value.Index(p.docs)
	e := &exam{settings: s, prompter: p, work: j.Work, progress: j.Progress}
	all, err := rows[schemas.Question](j, "questions.arrow")
	if err != nil {
		return nil, err
	}
	for _, q := range all {
		tokens, err := p.closed(q)
		if err != nil {
			return nil, fmt.Errorf("question %s: %w", q.ID, err)
		}
		if len(tokens) > p.limit {
			err := j.Reject(schemas.Reject{Origin: schemas.Origin{ID: q.ID}, Reason: "question_too_long", Raw: q.Question,
				Detail: fmt.Sprintf("%d tokens, at most %d fit", len(tokens), p.limit)})
			if err != nil {
				return nil, err
			}
			continue
		}
		e.questions = append(e.questions, q)
	}
	if len(e.questions) == 0 {
		return nil, errors.New("no questions to ask")
	}
	j.Keep(int64(len(e.questions)))
	return e, nil
}

func rows[T any](j *stage.Job[Settings], name string) ([]T, error) {
	var out []T
	for row, err := range table.Read[T](j.In["format"].Path(name)) {
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// firstSeeds keeps the sittings that are timed: one seed is as fast as another.
func firstSeeds(all []sitting) []sitting {
	var out []sitting
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s.system] {
			seen[s.system] = true
			out = append(out, s)
		}
	}
	return out
}
