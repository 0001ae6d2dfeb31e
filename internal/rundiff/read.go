package rundiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"fettle/internal/artifact"
	"fettle/internal/table"
	"fettle/schemas"
)

// training is what one side says of itself.
type training struct {
	seeds         []int64
	history       map[int64][]schemas.Step
	sources       []schemas.SourceLoss
	rows          map[string]cost // by conversation
	conversations string          // path of the table
}

// cost of a conversation in the last epoch of all seeds.
type cost struct {
	sum    float64
	count  int64 // tokens over all seeds
	tokens int64 // of one seed
}

func (c cost) loss() float64 { return c.sum / float64(max(c.count, 1)) }

func read(chain map[string]*artifact.Artifact) (*training, error) {
	train, format := chain["train"], chain["format"]
	if train == nil || format == nil {
		return nil, errors.New("it has no artifact of the train stage")
	}
	t := &training{history: map[int64][]schemas.Step{}, rows: map[string]cost{}, conversations: format.Path("conversations.arrow")}
	raw, err := os.ReadFile(train.Path("history.jsonl"))
	if err != nil {
		return nil, err
	}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var s schemas.Step
		if err := dec.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read history.jsonl: %w (`fettle verify` says whether it is damaged)", err)
		}
		if !slices.Contains(t.seeds, s.Seed) {
			t.seeds = append(t.seeds, s.Seed)
		}
		t.history[s.Seed] = append(t.history[s.Seed], s)
	}
	if len(t.seeds) == 0 {
		return nil, errors.New("its history.jsonl has no step (`fettle verify` says whether it is damaged)")
	}
	var report struct {
		Figures struct {
			Sources []schemas.SourceLoss `json:"loss_by_source"`
		} `json:"figures"`
	}
	if err := json.Unmarshal(train.Manifest.Report, &report); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	t.sources = report.Figures.Sources
	return t, t.costs(train.Path("rowloss.arrow"))
}

func (t *training) costs(path string) error {
	var all []schemas.RowLoss
	last := map[int64]int64{}
	for r, err := range table.Read[schemas.RowLoss](path) {
		if err != nil {
			return err
		}
		all = append(all, r)
		last[r.Seed] = max(last[r.Seed], r.Epoch)
	}
	for _, r := range all {
		if r.Epoch != last[r.Seed] {
			continue
		}
		id := schemas.ConversationOf(r.ID)
		c := t.rows[id]
		c.sum += r.Loss * float64(r.Tokens)
		c.count += r.Tokens
		if r.Seed == t.seeds[0] {
			c.tokens += r.Tokens
		}
		t.rows[id] = c
	}
	return nil
}

// describe fills in where rows came from and what they answer.
func describe(rows []Row, path string) error {
	at := map[string]*Row{}
	for i := range rows {
		at[rows[i].ID] = &rows[i]
	}
	for c, err := range table.Read[schemas.Conversation](path) {
		if err != nil {
			return err
		}
		r := at[c.ID]
		if r == nil {
			continue
		}
		r.Source, r.File, r.Row = c.Source, c.File, c.Origin.Row
		if n := len(c.Messages); n > 0 {
			r.Answer = c.Messages[n-1].Content
		}
	}
	return nil
}
