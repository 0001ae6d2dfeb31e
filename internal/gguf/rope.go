package gguf

import (
	"math"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// mainRope is the position encoding that metadata describe: that of the full layers where there are two (Gemma 3), the last.
func mainRope(c *model.Config) (main, sliding *model.Rope) {
	for _, l := range c.Layers {
		if l.Rope != nil && l.Window == 0 {
			main = l.Rope
		}
		if l.Rope != nil && l.Window > 0 {
			sliding = l.Rope
		}
	}
	if main == nil {
		main = sliding
	}
	return main, sliding
}

// rope writes the position encoding by llama.cpp's keys.
func (h *Header) rope(c *model.Config, arch string) {
	r, sliding := mainRope(c)
	if r == nil {
		return
	}
	h.add(arch+".rope.dimension_count", uint32(r.Dim))
	h.add(arch+".rope.freq_base", float32(r.Theta))
	if sliding != nil && sliding.Theta != r.Theta {
		h.add(arch+".rope.freq_base_swa", float32(sliding.Theta))
	}
	switch r.Type {
	case "linear":
		h.add(arch+".rope.scaling.type", "linear")
		h.add(arch+".rope.scaling.factor", float32(r.Factor))
	case "dynamic":
		h.note("llama.cpp has no dynamic NTK: beyond %d positions its answers differ", r.Original)
	case "longrope":
		h.add(arch+".rope.scaling.original_context_length", uint32(r.Original))
		h.add(arch+".rope.scaling.attn_factor", float32(r.AttnScale))
	case "yarn":
		h.yarn(r, arch)
	}
	if arch == "smollm3" {
		for i, l := range c.Layers {
			if (l.Rope == nil) != ((i+1)%4 == 0) {
				h.note("llama.cpp's smollm3 leaves positions out of every fourth layer, the model out of others: its answers will differ")
				break
			}
		}
	}
}

// yarn: llama.cpp multiplies its attention factor by 1 + 0.1 ln(factor) itself.
func (h *Header) yarn(r *model.Rope, arch string) {
	h.add(arch+".rope.scaling.type", "yarn")
	h.add(arch+".rope.scaling.factor", float32(r.Factor))
	h.add(arch+".rope.scaling.original_context_length", uint32(r.Original))
	h.add(arch+".rope.scaling.yarn_beta_fast", float32(r.BetaFast))
	h.add(arch+".rope.scaling.yarn_beta_slow", float32(r.BetaSlow))
	own := 1.0
	if r.Factor > 1 {
		own = 1 + 0.1*math.Log(r.Factor)
	}
	if math.Abs(r.AttnScale/own-1) > 1e-6 {
		h.add(arch+".rope.scaling.attn_factor", float32(r.AttnScale/own))
	}
	if !r.Truncate {
		h.note("llama.cpp rounds YaRN's ramp to whole dimensions (truncate), the model does not: its answers differ a little")
	}
}

// RopeTensors are the divisors of the angles, one a rotated pair, that llama.cpp reads as tensors: llama3's blend, and
// longrope's factors for short and for long inputs.
func RopeTensors(c *model.Config) []Tensor {
	r, _ := mainRope(c)
	switch {
	case r == nil:
	case r.Type == "llama3":
		inv, _ := r.InvFreq()
		factors := make([]float64, len(inv))
		for i, v := range inv {
			factors[i] = math.Pow(r.Theta, -2*float64(i)/float64(r.Dim)) / v
		}
		return []Tensor{vector("rope_freqs.weight", factors)}
	case r.Type == "longrope":
		return []Tensor{vector("rope_factors_long.weight", r.Long), vector("rope_factors_short.weight", r.Short)}
	}
	return nil
}

func vector(name string, values []float64) Tensor {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return Tensor{Info{name, F32, []int{len(values)}}, func() ([]byte, error) { return safetensors.Encode(safetensors.F32, narrow) }}
}
