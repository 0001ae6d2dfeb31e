package export

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
)

// maxDiff is how far logits of the written weights may lie from those of the weights that were meant.
const maxDiff = 1e-4

// Gate is what the parity gate measured.
type Gate struct {
	IDs       int     `json:"ids"`            // compared, of chats and plain texts; 0 = there is no tokenizer
	Tensors   int     `json:"tensors"`        // whose bytes were compared
	Positions int     `json:"positions"`      // whose logits were compared
	MaxDiff   float64 `json:"max_logit_diff"` // between the codec's weights and the file's
	KL        float64 `json:"kl"`             // nats a position, from the model before rounding to the exported one
	Limit     float64 `json:"kl_limit,omitempty"`
}

// Refused is the error of a gate that said no: nothing was exported.
type Refused struct{ Reason string }

func (r Refused) Error() string { return "parity gate: " + r.Reason }

// unreadable is the refusal of what cannot be read back.
func unreadable(err error) error {
	if IsRefused(err) {
		return err
	}
	return Refused{fmt.Sprintf("what was written cannot be read: %v", err)}
}

// gate runs the comparison. A writer's check calls bytes, ids and meant.
type gate struct {
	Gate
	source  *Source
	trained *Source // the model before rounding
	backend backend.Backend
	limit   float64
	notes   []string
	speaker speaker
	row     []int32
	before  []float32 // logits of the base with the adapter beside it, in float32
}

func (g *gate) run(w writer, dir string) (err error) {
	s := g.source
	g.Limit = g.limit
	g.speaker, g.notes = s.speaker()
	g.row = g.speaker.probeIDs(s.Model.Config.Vocab)
	for _, id := range g.row {
		if int(id) >= s.Model.Config.Vocab {
			return Refused{fmt.Sprintf("the tokenizer gives id %d, the model has %d tokens", id, s.Model.Config.Vocab)}
		}
	}
	if g.before, err = g.trained.beside(g.backend, g.row); err != nil {
		return err
	}
	if err := w.check(dir, g); err != nil {
		return err
	}
	if g.limit > 0 && g.KL > g.limit {
		return Refused{fmt.Sprintf("the divergence from the model before rounding is %.3g nats a position, the limit %.3g", g.KL, g.limit)}
	}
	return nil
}

// beside computes the base with the adapter beside it, as in training.
func (s *Source) beside(b backend.Backend, row []int32) ([]float32, error) {
	w, err := s.weights(s.Model, s.plain)
	if err != nil {
		return nil, err
	}
	return logits(b, s.Model, w, s.Adapter, row)
}

// ids compares the tokenizer and the template that were read back.
func (g *gate) ids(back speaker) (err error) {
	if g.IDs, err = compareIDs(g.speaker, back); err != nil {
		return Refused{err.Error()}
	}
	return nil
}

// bytes compares one tensor with what the codec makes of the source.
func (g *gate) bytes(name string, want, got []byte) error {
	if string(want) != string(got) {
		return Refused{fmt.Sprintf("tensor %s is not what the codec gives for it", name)}
	}
	g.Tensors++
	return nil
}

// computed is a model with what it needs to compute.
type computed struct {
	model   *model.Model
	weights model.Weights
	adapter *lora.Adapter
}

// logits compares what was meant (the codec's weights) with what was read back, and both with the model before rounding.
func (g *gate) logits(meant, back func() (computed, error)) error {
	var rows [2][]float32
	for i, load := range []func() (computed, error){meant, back} {
		c, err := load()
		if err != nil && i == 1 {
			return unreadable(err)
		}
		if err != nil {
			return err
		}
		if rows[i], err = logits(g.backend, c.model, c.weights, c.adapter, g.row); err != nil {
			return err
		}
	}
	g.Positions = len(g.row)
	g.MaxDiff = largest(rows[0], rows[1])
	g.KL = divergence(g.before, rows[1], g.source.Model.Config.Vocab)
	if !(g.MaxDiff <= maxDiff) {
		return Refused{fmt.Sprintf("logits read back differ by %.3g, allowed %.0e", g.MaxDiff, maxDiff)}
	}
	return nil
}

// sentence tells people what was found.
func (g *Gate) sentence() string {
	parts := []string{fmt.Sprintf("%d tensors equal the codec's bytes", g.Tensors), fmt.Sprintf("logits at %d positions differ by %.2g at most", g.Positions, g.MaxDiff),
		fmt.Sprintf("KL from the model before rounding %.3g nats a position", g.KL)}
	if g.IDs > 0 {
		parts = append([]string{fmt.Sprintf("%d ids equal", g.IDs)}, parts...)
	}
	return strings.Join(parts, " · ")
}

// Lines tells people what was written and found, a line each.
func (r *Report) Lines(to string) []string {
	lines := []string{fmt.Sprintf("%s %s in %s: %s", r.Format, r.DType, filepath.Base(to), strings.Join(r.Files, ", ")), "parity gate passed: " + r.Gate.sentence()}
	for _, n := range r.Notes {
		lines = append(lines, "note: "+n)
	}
	return lines
}

// IsRefused says whether an error is the gate's.
func IsRefused(err error) bool { return errors.As(err, new(Refused)) }
