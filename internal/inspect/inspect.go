package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/chat"
	"fettle/internal/lfs"
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
	Problems   []string         `json:"problems,omitempty"` // why fettle cannot run the model
	Parameters int64            `json:"parameters,omitempty"`
	Active     int64            `json:"active_parameters,omitempty"` // of a mixture of experts: those that a token needs
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

	dir      string
	config   map[string]json.RawMessage
	template string // its text, "" = none
}

// Read inspects a model directory. A model that fettle cannot run is reported, not an error; a folder without config.json is.
func Read(dir string, o Options) (*Report, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	r := &Report{Name: filepath.Base(abs), Oddities: []string{}, EOS: []Token{}, dir: filepath.Clean(dir)}
	if err := r.readConfig(); err != nil {
		return nil, err
	}
	m, err := model.Open(dir)
	if err != nil {
		r.problem("%v", err)
	} else {
		r.size(m, o)
	}
	r.weights(m)
	r.speech(m)
	r.Advice = r.advise()
	return r, nil
}

func (r *Report) readConfig() error {
	raw, err := os.ReadFile(filepath.Join(r.dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) || err != nil && !isDir(r.dir) {
		return noModel(r.dir)
	}
	if err == nil {
		err = lfs.Check(raw)
	}
	if err == nil {
		err = model.Object(raw, &r.config)
	}
	if err != nil {
		return fmt.Errorf("inspect %s: config.json: %w", r.Name, err)
	}
	if err := json.Unmarshal(r.config["model_type"], &r.Family); err != nil || r.Family == "" {
		r.Family = "unknown"
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
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
	if e := c.MoE; e != nil && e.Experts > e.PerToken {
		r.Active = r.Parameters - idle(m)
		r.odd("each token needs %d of %d experts, and fettle computes all of them for every token: right, and as slow as a dense model of the whole size", e.PerToken, e.Experts)
	}
}

// speech reads tokenizer and template, and what ends an answer.
func (r *Report) speech(m *model.Model) {
	t, err := tokenizer.Load(r.dir)
	if err != nil {
		r.odd("the tokenizer cannot be read: %s", strings.TrimPrefix(r.local(err), "load tokenizer "+r.dir+": "))
	}
	r.ends(m, t)
	template, err := chat.Load(r.dir)
	switch {
	case err == nil:
		r.EndOfTurn = template.EndOfTurn
		r.describe()
	case errors.Is(err, chat.ErrNone):
		r.Template = "none"
		r.odd("no chat template: conversations need one (a template of another model of the family, or plain completion)")
	default:
		r.Template = "broken: " + r.local(err)
	}
	if m != nil && t != nil {
		r.tokens(m, t, template)
	}
}

// ends lists the end tokens: those that the model knows, or what config.json says where it is not understood otherwise.
func (r *Report) ends(m *model.Model, t *tokenizer.Tokenizer) {
	var ids []int
	if m != nil {
		ids = m.Config.EOS
	} else if one := 0; json.Unmarshal(r.config["eos_token_id"], &one) == nil && r.has("eos_token_id") != "" {
		ids = []int{one}
	} else if json.Unmarshal(r.config["eos_token_id"], &ids) != nil {
		ids = nil
	}
	for _, id := range ids {
		token := Token{ID: id}
		if t != nil && id >= 0 && id < t.VocabSize() {
			token.Text, _ = t.Token(int32(id))
		}
		r.EOS = append(r.EOS, token)
	}
}

func (r *Report) odd(format string, args ...any) {
	r.Oddities = append(r.Oddities, fmt.Sprintf(format, args...))
}

// problem notes why fettle cannot run the model: one line for each line of an error.
func (r *Report) problem(format string, args ...any) {
	text := r.local(fmt.Errorf(format, args...))
	file, rest, ok := strings.Cut(text, ".json: ")
	for i, line := range strings.Split(text, "\n") {
		if i > 0 && ok && strings.Contains(rest, "\n") {
			line = file + ".json: " + line
		}
		r.Problems = append(r.Problems, line)
	}
}

// local is an error's text without the way to the folder, which the report names once.
func (r *Report) local(err error) string {
	text := strings.ReplaceAll(err.Error(), r.dir+string(filepath.Separator), "")
	for _, prefix := range []string{"read model config ", "read generation config ", "open weights: ", "read ", "chat template: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
