package inspect

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/chat"
	"fettle/internal/model"
	"fettle/internal/tokenizer"
)

// Options are the run whose memory is asked for.
type Options struct {
	Seq   int // positions of a row; 0 = what the model was made for, at most 2048
	Batch int // rows at once
	Rank  int // of the adapter on all projections
}

// Token is an id and its text.
type Token struct {
	ID   int    `json:"id"`
	Text string `json:"text,omitempty"`
}

// Report is what a directory shows.
type Report struct {
	Name       string           `json:"name"`
	Family     string           `json:"family"`
	Problem    string           `json:"problem,omitempty"` // why fettle cannot run the model
	Parameters int64            `json:"parameters,omitempty"`
	Adapter    int64            `json:"adapter_parameters,omitempty"`
	Layers     int              `json:"layers,omitempty"`
	Hidden     int              `json:"hidden,omitempty"`
	Context    int              `json:"context,omitempty"`
	Vocab      int              `json:"vocab,omitempty"`
	Stored     map[string]int64 `json:"stored,omitempty"` // weights by how they are stored
	Rows       int              `json:"memory_rows,omitempty"`
	Positions  int              `json:"memory_positions,omitempty"`
	Rank       int              `json:"memory_rank,omitempty"`
	Memory     []Memory         `json:"memory,omitempty"` // for so many rows of so many positions, adapters of that rank
	Template   string           `json:"template"`
	EOS        []Token          `json:"eos"`
	EndOfTurn  []string         `json:"end_of_turn,omitempty"`
	Oddities   []string         `json:"oddities"`
	Advice     Advice           `json:"advice"`

	config map[string]json.RawMessage
}

// Read inspects a model directory. A model that fettle cannot run is reported, not an error; a folder without config.json is.
func Read(dir string, o Options) (*Report, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	r := &Report{Name: filepath.Base(abs), Oddities: []string{}, EOS: []Token{}}
	raw, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if err := json.Unmarshal(raw, &r.config); err != nil {
		return nil, fmt.Errorf("inspect %s: config.json: %w", r.Name, err)
	}
	if err := json.Unmarshal(r.config["model_type"], &r.Family); err != nil {
		r.Family = "unknown"
	}
	m, err := model.Open(dir)
	if err != nil {
		r.Problem = err.Error()
	} else {
		r.size(m, o)
		r.weights(dir, m)
	}
	r.speech(dir, m)
	r.Advice = r.advise()
	return r, nil
}

func (r *Report) size(m *model.Model, o Options) {
	c := m.Config
	r.Parameters, _ = sizes(m)
	r.Adapter = adapterSize(m, o.Rank)
	r.Layers, r.Hidden, r.Context, r.Vocab = len(c.Layers), c.Hidden, c.MaxPositions, c.Vocab
	if o.Seq == 0 {
		o.Seq = min(2048, c.MaxPositions)
	}
	r.Rows, r.Positions, r.Rank, r.Memory = o.Batch, o.Seq, o.Rank, memory(m, o)
	if o.Seq > c.MaxPositions {
		r.odd("%d positions are asked for, the model was made for %d", o.Seq, c.MaxPositions)
	}
}

// speech reads tokenizer and template, and what ends an answer.
func (r *Report) speech(dir string, m *model.Model) {
	t, err := tokenizer.Load(dir)
	if err != nil {
		r.odd("the tokenizer cannot be read: %s", strings.ReplaceAll(err.Error(), dir, r.Name))
	}
	if m != nil {
		for _, id := range m.Config.EOS {
			token := Token{ID: id}
			if t != nil {
				token.Text, _ = t.Token(int32(id))
			}
			r.EOS = append(r.EOS, token)
		}
	}
	template, err := chat.Load(dir)
	if err != nil {
		r.Template = "none: " + strings.ReplaceAll(strings.TrimPrefix(err.Error(), "chat template: "), dir, r.Name)
	} else {
		r.Template = r.describe(dir)
		r.EndOfTurn = template.EndOfTurn
	}
	if m != nil && t != nil {
		r.tokens(m, t, template)
	}
}

func (r *Report) odd(format string, args ...any) {
	r.Oddities = append(r.Oddities, fmt.Sprintf(format, args...))
}
