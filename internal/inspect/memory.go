package inspect

import (
	"strings"

	"fettle/internal/model"
)

// Memory is what one use of a model needs, in bytes.
type Memory struct {
	Use         string `json:"use"`
	Weights     int64  `json:"weights"`
	Trained     int64  `json:"trained,omitempty"` // adapter, gradients, optimizer
	Cache       int64  `json:"cache,omitempty"`   // keys and values of all positions
	Activations int64  `json:"activations"`
	Total       int64  `json:"total"`
}

func (m Memory) sum() Memory {
	m.Total = m.Weights + m.Trained + m.Cache + m.Activations
	return m
}

// bits of a weight in NF4 with double quantisation: 4 + 8/64 + 32/(64·256) (QLoRA, arXiv:2305.14314, section 3).
const nf4Bits = 4 + 8.0/64 + 32.0/(64*256)

// trainedBytes of a trained weight: float32 value, gradient and AdamW's two moments.
const trainedBytes = 16

// sizes counts a model's weights: all, and those of the layers' matrices, which QLoRA stores in 4 bits.
func sizes(m *model.Model) (all, matrices int64) {
	for _, p := range m.Parameters() {
		n := int64(p.GraphShape().Size())
		all += n
		if p.Linear() && p.Name != "lm_head.weight" {
			matrices += n
		}
	}
	return all, matrices
}

// idle counts the weights of the experts that a token does not need.
func idle(m *model.Model) (n int64) {
	e := m.Config.MoE
	for _, l := range m.Linears() {
		if strings.Contains(l.Module, ".experts.") {
			n += int64(l.In) * int64(l.Out)
		}
	}
	return n / int64(e.Experts) * int64(e.Experts-e.PerToken)
}

// adapterSize is rank · (in + out) over all projections but the head (LoRA, arXiv:2106.09685).
func adapterSize(m *model.Model, rank int) (n int64) {
	for _, l := range m.Linears() {
		if l.Module != "lm_head" {
			n += int64(rank) * int64(l.In+l.Out)
		}
	}
	return n
}

// memory needed at 16 bits for inference, LoRA and QLoRA, and for inference on the pure-Go backend, which keeps 32.
func memory(m *model.Model, o Options) []Memory {
	all, matrices := sizes(m)
	trained := trainedBytes * adapterSize(m, o.Rank)
	// Layers are computed again in the backward pass: the least that training can do with.
	t := model.Training{Rows: o.Batch, Length: o.Seq, Width: 2, Remat: true, Large: true}
	packed := t
	packed.Packed = true
	nf4 := int64(float64(matrices)*nf4Bits/8) + 2*(all-matrices)
	return []Memory{
		Memory{Use: "inference, 16 bits", Weights: 2 * all, Cache: cache(m, o, 2), Activations: inferActivations(m, o, 2)}.sum(),
		Memory{Use: "inference, 32 bits (pure Go)", Weights: 4 * all, Cache: cache(m, o, 4), Activations: inferActivations(m, o, 4)}.sum(),
		Memory{Use: "LoRA, 16-bit base", Weights: 2 * all, Trained: trained, Activations: m.Footprint(t).Total()}.sum(),
		Memory{Use: "QLoRA, NF4 base", Weights: nf4, Trained: trained, Activations: m.Footprint(packed).Total()}.sum(),
	}
}

// cache is keys and values [batch, positions, kv heads, head] of every layer; a window keeps no more than it sees.
func cache(m *model.Model, o Options, bytes int64) (n int64) {
	c := m.Config
	for _, l := range c.Layers {
		seen := o.Seq
		if l.Window > 0 {
			seen = min(seen, l.Window)
		}
		n += 2 * int64(seen) * int64(c.KVHeads*c.HeadDim)
	}
	return n * int64(o.Batch) * bytes
}

// inferActivations: the prompt's widest layer (residual, gate and up, one layer's scores) and the last position's logits.
func inferActivations(m *model.Model, o Options, bytes int64) int64 {
	c, rows := m.Config, int64(o.Batch)*int64(o.Seq)
	widest := rows * int64(2*c.Hidden+2*c.FFN)
	scores := rows * int64(o.Seq) * int64(c.Heads)
	return (widest+scores)*bytes + int64(o.Batch)*int64(c.Vocab)*4
}
