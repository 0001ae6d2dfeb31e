package rundiff

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/stage"
	"fettle/schemas"
)

// Side is one of the two.
type Side struct {
	Name  string                        // as the user gave it
	Chain map[string]*artifact.Artifact // by stage, train among them
}

// Diff is how the second training differs from the first.
type Diff struct {
	A           string   `json:"a"`
	B           string   `json:"b"`
	Stages      []Stage  `json:"stages"`
	SameWeights bool     `json:"same_weights"` // the trained data are equal to the byte
	Seeds       []Seed   `json:"seeds"`
	Sources     []Source `json:"sources"`
	Rows        []Row    `json:"rows"` // those that differ most
	Shared      int      `json:"shared_conversations"`
	OnlyA       int      `json:"conversations_only_a"`
	OnlyB       int      `json:"conversations_only_b"`
	MeanA       float64  `json:"mean_a"` // over the shared conversations, last epoch
	MeanB       float64  `json:"mean_b"`
	LessInB     int      `json:"less_in_b"`
	MoreInB     int      `json:"more_in_b"`
}

// Stage says what was set otherwise.
type Stage struct {
	Stage   string       `json:"stage"`
	A       artifact.Ref `json:"a,omitempty"`
	B       artifact.Ref `json:"b,omitempty"`
	Changes []string     `json:"changes"` // none where the output is equal
	Equal   bool         `json:"equal"`   // same data
}

// Seed holds the steps of two trainings side by side.
type Seed struct {
	A      int64  `json:"a"`
	B      int64  `json:"b"`
	Steps  []Step `json:"steps"`
	OnlyA  int    `json:"steps_only_a"` // beyond the other's last
	OnlyB  int    `json:"steps_only_b"`
	Parted int64  `json:"parted"` // first step whose loss, norm or tokens differ; 0 = none does
	// Visible is the first step whose losses differ by more than a thousandth of the first's; 0 = none does.
	Visible int64 `json:"parted_visibly"`
}

// Step is one step of both.
type Step struct {
	Step  int64    `json:"step"`
	A     float64  `json:"a"` // loss
	B     float64  `json:"b"`
	NormA float64  `json:"grad_norm_a"`
	NormB float64  `json:"grad_norm_b"`
	EvalA *float64 `json:"eval_a,omitempty"`
	EvalB *float64 `json:"eval_b,omitempty"`
}

// Source is what a source's conversations cost in the last epoch.
type Source struct {
	Source  string  `json:"source"`
	TokensA int64   `json:"tokens_a"`
	TokensB int64   `json:"tokens_b"`
	A       float64 `json:"a"`
	B       float64 `json:"b"`
}

// Row is a conversation that both trained, by the mean over their seeds of its loss in the last epoch.
type Row struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	File   string  `json:"file"`
	Row    int64   `json:"row"`
	Answer string  `json:"answer"` // its last message
	Tokens int64   `json:"tokens"`
	A      float64 `json:"a"`
	B      float64 `json:"b"`
}

// Compare reads both sides. most is how many rows are named.
func Compare(a, b Side, most int) (*Diff, error) {
	d := &Diff{A: a.Name, B: b.Name, Stages: stages(a, b)}
	left, err := read(a.Chain)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Name, err)
	}
	right, err := read(b.Chain)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	d.SameWeights = a.Chain["train"].Manifest.Digest == b.Chain["train"].Manifest.Digest
	d.Seeds = seeds(left, right)
	d.Sources = sources(left, right)
	if err := d.rows(left, right, most); err != nil {
		return nil, err
	}
	return d, nil
}

func stages(a, b Side) (out []Stage) {
	for _, name := range stage.Sections {
		one, two := a.Chain[name], b.Chain[name]
		if one == nil && two == nil {
			continue
		}
		s := Stage{Stage: name, Changes: []string{}}
		switch {
		case one == nil:
			s.B, s.Changes = two.Ref, append(s.Changes, "only in B")
		case two == nil:
			s.A, s.Changes = one.Ref, append(s.Changes, "only in A")
		default:
			s.A, s.B, s.Equal = one.Ref, two.Ref, one.Manifest.Digest == two.Manifest.Digest
			s.Changes = append(s.Changes, stage.Changes(one.Manifest.Parts, two.Manifest.Parts)...)
		}
		out = append(out, s)
	}
	return out
}

// seeds pairs the trainings of equal seeds; where there are none, those in the same place.
func seeds(a, b *training) (out []Seed) {
	for _, s := range a.seeds {
		if slices.Contains(b.seeds, s) {
			out = append(out, pair(s, a.history[s], s, b.history[s]))
		}
	}
	if out != nil {
		return out
	}
	for i := range min(len(a.seeds), len(b.seeds)) {
		out = append(out, pair(a.seeds[i], a.history[a.seeds[i]], b.seeds[i], b.history[b.seeds[i]]))
	}
	return out
}

func pair(seedA int64, a []schemas.Step, seedB int64, b []schemas.Step) Seed {
	n := min(len(a), len(b))
	s := Seed{A: seedA, B: seedB, OnlyA: len(a) - n, OnlyB: len(b) - n}
	for i := range n {
		x, y := a[i], b[i]
		s.Steps = append(s.Steps, Step{x.Step, x.Loss, y.Loss, x.GradNorm, y.GradNorm, x.EvalLoss, y.EvalLoss})
		if s.Parted == 0 && (x.Loss != y.Loss || x.GradNorm != y.GradNorm || x.Tokens != y.Tokens) {
			s.Parted = x.Step
		}
		if s.Visible == 0 && math.Abs(x.Loss-y.Loss) > 1e-3*math.Abs(x.Loss) {
			s.Visible = x.Step
		}
	}
	return s
}

func sources(a, b *training) (out []Source) {
	at := map[string]int{}
	add := func(name string) *Source {
		if _, ok := at[name]; !ok {
			at[name] = len(out)
			out = append(out, Source{Source: name})
		}
		return &out[at[name]]
	}
	for _, s := range a.sources {
		x := add(s.Source)
		x.A, x.TokensA = s.Last, s.Tokens
	}
	for _, s := range b.sources {
		x := add(s.Source)
		x.B, x.TokensB = s.Last, s.Tokens
	}
	slices.SortFunc(out, func(a, b Source) int { return strings.Compare(a.Source, b.Source) })
	return out
}

func (d *Diff) rows(a, b *training, most int) error {
	sumA, sumB, tokens := 0.0, 0.0, 0.0
	var all []Row
	for id, x := range a.rows {
		y, ok := b.rows[id]
		if !ok {
			d.OnlyA++
			continue
		}
		all = append(all, Row{ID: id, Tokens: x.tokens, A: x.loss(), B: y.loss()})
		sumA, sumB, tokens = sumA+x.loss()*float64(x.tokens), sumB+y.loss()*float64(x.tokens), tokens+float64(x.tokens)
	}
	d.Shared, d.OnlyB = len(all), len(b.rows)-len(all)
	if tokens > 0 {
		d.MeanA, d.MeanB = sumA/tokens, sumB/tokens
	}
	for _, r := range all {
		if r.B < r.A {
			d.LessInB++
		} else if r.B > r.A {
			d.MoreInB++
		}
	}
	slices.SortFunc(all, func(x, y Row) int {
		if dx, dy := math.Abs(x.B-x.A), math.Abs(y.B-y.A); dx != dy {
			return int(math.Copysign(1, dy-dx))
		}
		return strings.Compare(x.ID, y.ID)
	})
	d.Rows = all[:min(most, len(all))]
	return describe(d.Rows, a.conversations)
}
