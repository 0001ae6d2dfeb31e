package model

import (
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
)

// Init makes weights for training from scratch: matrices and embeddings normal(0, initializer_range), norms the identity,
// biases zero. Drawn on the host in the order of Parameters, so the same seed gives the same bits on every backend.
func (m *Model) Init(seed int64) Weights {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x66657474_6c65)) // "fettle"
	w := Weights{}
	for _, p := range m.Parameters() {
		values := make([]float32, p.GraphShape().Size())
		switch p.kind {
		case linearWeight, embedWeight:
			for i := range values {
				values[i] = float32(rng.NormFloat64() * m.Config.InitRange)
			}
		case normWeight:
			if !m.Config.NormPlusOne {
				for i := range values {
					values[i] = 1
				}
			}
		case biasVector:
		}
		w[p.Name] = tensors.FromFlatDataAndDimensions(values, p.Shape...)
	}
	return w
}
