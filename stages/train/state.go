package train

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/schemas"
)

// state is all that changes during a training: enough to go on from.
type state struct {
	step    int // optimizer steps done
	weights []*tensors.Tensor
	kept    [][]*tensors.Tensor // what the optimizer keeps of each weight
	keeps   [][]string          // what that is called
	best    []*tensors.Tensor   // weights of the lowest held-out loss, on the host; nil: not asked for, or none yet
	history []schemas.Step
	losses  rowLosses
}

func newState(p *program, w model.Weights, conversations int) (*state, error) {
	s := &state{kept: p.optimizer.Begin(), keeps: p.optimizer.Kept(), losses: newRowLosses(conversations)}
	for _, name := range p.trainable {
		t := w[name]
		if t == nil {
			return nil, fmt.Errorf("train: weight %s is missing", name)
		}
		s.weights = append(s.weights, t)
	}
	return s, nil
}

// settle ends a training: the best weights take the place of the last ones where they were asked for, and what only further
// steps would need goes.
func (s *state) settle() {
	for i, kept := range s.kept {
		free(kept)
		s.kept[i] = nil
	}
	if s.best != nil {
		free(s.weights)
		s.weights, s.best = s.best, nil
	}
}

func free(list []*tensors.Tensor) {
	for _, t := range list {
		t.MustFinalizeAll()
	}
}

// rowLosses sums what every conversation costs in the running epoch; ended epochs are rows already.
type rowLosses struct {
	epoch  int
	sum    []float64
	tokens []int64
	ended  []schemas.RowLoss
}

func newRowLosses(conversations int) rowLosses {
	return rowLosses{sum: make([]float64, conversations), tokens: make([]int64, conversations)}
}

func (r *rowLosses) add(owners []int32, losses []float32) {
	for i, o := range owners {
		r.sum[o] += float64(losses[i])
		r.tokens[o]++
	}
}

// end turns the running epoch into rows, in the order of the conversations in the blocks.
func (r *rowLosses) end(seed int64, ids []string) {
	for i, n := range r.tokens {
		if n > 0 {
			r.ended = append(r.ended, schemas.RowLoss{Seed: seed, Epoch: int64(r.epoch), ID: ids[i], Tokens: n, Loss: r.sum[i] / float64(n)})
		}
		r.sum[i], r.tokens[i] = 0, 0
	}
	r.epoch++
}
