package train

import (
	"github.com/gomlx/compute/dtypes"

	"fettle/internal/model"
)

// computing is the type of activations, and of a frozen base. GPUs have units for bfloat16; processors are slower with it.
func (s Settings) computing(backend string) dtypes.DType {
	if s.Compute == "bf16" || s.Compute == "auto" && backend == "xla:cuda" {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// keepMost is what layers may keep for the backward pass before remat auto computes them again, in bytes. A fixed number: what
// a training computes must not depend on the machine's memory.
const keepMost = 1 << 30

// recomputes says whether layers are computed again in the backward pass; large is model.Large of what computes.
func (s Settings) recomputes(m *model.Model, length int, compute dtypes.DType, large bool) bool {
	if s.Remat != "auto" {
		return s.Remat == "on"
	}
	rows := s.Batch.Rows
	if _, pairs := s.Objective.Value.(preference); pairs {
		rows *= 2 // an answer is a row
	}
	return m.Footprint(model.Training{Rows: rows, Length: length, Width: compute.Size(), Large: large}).Kept > keepMost
}
