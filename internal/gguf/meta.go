package gguf

import (
	"fmt"
	"math"

	"fettle/internal/model"
)

// Header is the metadata of a decoder and what to tell whoever runs the file.
type Header struct {
	Meta  []KV
	Notes []string // where llama.cpp computes otherwise
}

func (h *Header) add(key string, value any) { h.Meta = append(h.Meta, KV{key, value}) }

func (h *Header) note(format string, args ...any) {
	h.Notes = append(h.Notes, fmt.Sprintf(format, args...))
}

// NewHeader describes a decoder whose matrices are of a type. A decoder that llama.cpp has no way to compute is an error.
func NewHeader(m *model.Model, name string, t Type) (*Header, error) {
	c := m.Config
	a, ok := archs[c.ModelType]
	if !ok {
		_, err := Places(m)
		return nil, err
	}
	if err := refuse(c, a); err != nil {
		return nil, fmt.Errorf("gguf: %s in llama.cpp: %w", a.name, err)
	}
	h := &Header{}
	h.add("general.architecture", a.name)
	h.add("general.type", "model")
	h.add("general.name", name)
	h.add("general.file_type", traits[t].fileType)
	if t.Quantised() {
		h.add("general.quantization_version", uint32(2)) // GGML_QNT_VERSION
	}
	h.shape(c, a)
	h.rope(c, a.name)
	h.attention(c, a)
	return h, nil
}

// refuse names what the architecture of llama.cpp cannot express.
func refuse(c *model.Config, a arch) error {
	gemma := c.NormPlusOne
	switch {
	case (c.QKVBias || c.OutBias || c.MLPBias) && !a.biases:
		return fmt.Errorf("it loads no biases, and the model has some")
	case a.name == "qwen2" && (c.OutBias || c.MLPBias):
		return fmt.Errorf("it loads biases of q, k and v only")
	case gemma && !c.Tied:
		return fmt.Errorf("its head is the embedding (tie_word_embeddings), the model's is its own")
	case gemma != (c.Activation == model.GELUTanh):
		return fmt.Errorf("its activation is fixed, and the model's %s is another", c.Activation)
	case a.experts && !c.MoE.Normalize:
		return fmt.Errorf("it makes the shares of the chosen experts sum to 1, the model does not (norm_topk_prob)")
	case c.FusedQKV && a.name != "phi3":
		return fmt.Errorf("it loads no fused q, k and v")
	}
	for i, l := range c.Layers {
		if l.MoE != a.experts {
			return fmt.Errorf("its layers all choose among experts, the model's layer %d does not", i)
		}
		if l.Rope == nil && a.name != "smollm3" {
			return fmt.Errorf("every layer has positions, the model's layer %d has none", i)
		}
		if l.Rope != nil && a.permute && l.Rope.Dim != c.HeadDim {
			return fmt.Errorf("it rotates whole heads, the model a part (partial_rotary_factor)")
		}
	}
	return nil
}

func (h *Header) shape(c *model.Config, a arch) {
	context := c.MaxPositions
	if w := narrowest(c); w > 0 && w < context && !a.windows {
		h.note("llama.cpp does not slide the attention window of %s: context_length is %d (the window) instead of %d, up to which both agree", c.ModelType, w, context)
		context = w
	}
	h.add(a.name+".context_length", uint32(context))
	h.add(a.name+".embedding_length", uint32(c.Hidden))
	h.add(a.name+".block_count", uint32(len(c.Layers)))
	h.add(a.name+".feed_forward_length", uint32(c.FFN))
	if a.experts {
		h.add(a.name+".expert_count", uint32(c.MoE.Experts))
		h.add(a.name+".expert_used_count", uint32(c.MoE.PerToken))
		h.add(a.name+".expert_feed_forward_length", uint32(c.MoE.FFN))
	}
	h.add(a.name+".attention.head_count", uint32(c.Heads))
	h.add(a.name+".attention.head_count_kv", uint32(c.KVHeads))
	h.add(a.name+".attention.key_length", uint32(c.HeadDim))
	h.add(a.name+".attention.value_length", uint32(c.HeadDim))
	h.add(a.name+".attention.layer_norm_rms_epsilon", float32(c.Eps))
	h.add(a.name+".vocab_size", uint32(c.Vocab))
}

// narrowest is the smallest window of a layer, 0 when none has one.
func narrowest(c *model.Config) (w int) {
	for _, l := range c.Layers {
		if l.Window > 0 && (w == 0 || l.Window < w) {
			w = l.Window
		}
	}
	return w
}

// attention writes windows, caps and the scale, and tells where llama.cpp derives them from elsewhere.
func (h *Header) attention(c *model.Config, a arch) {
	if w := narrowest(c); w > 0 && (a.windows || a.name == "phi3") {
		h.add(a.name+".attention.sliding_window", uint32(w))
	}
	if c.AttnSoftcap > 0 {
		h.add(a.name+".attn_logit_softcapping", float32(c.AttnSoftcap))
	}
	if c.LogitSoftcap > 0 {
		h.add(a.name+".final_logit_softcapping", float32(c.LogitSoftcap))
	}
	// llama.cpp takes head_dim^-0.5; for the 27B Gemmas, which it knows by their layers, (hidden/heads)^-0.5.
	scale := 1 / math.Sqrt(float64(c.HeadDim))
	if n := len(c.Layers); a.name == "gemma2" && n == 46 || a.name == "gemma3" && n == 62 {
		scale = 1 / math.Sqrt(float64(c.Hidden)/float64(c.Heads))
	}
	if math.Abs(c.AttnScale-scale) > 1e-6*scale {
		h.add(a.name+".attention.scale", float32(c.AttnScale))
		h.note("the model multiplies q·k by %.6g (query_pre_attn_scalar), which is in the file; llama.cpp's %s takes %.6g: its answers will differ", c.AttnScale, a.name, scale)
	}
	if period := map[string]int{"gemma2": 2, "gemma3": 6}[a.name]; period > 0 && !every(c, period) {
		h.note("llama.cpp's %s slides all layers but every %dth, the model others: its answers will differ beyond the window", a.name, period)
	}
}

// every says whether all layers slide but each period-th.
func every(c *model.Config, period int) bool {
	for i, l := range c.Layers {
		if (l.Window > 0) != ((i+1)%period != 0) {
			return false
		}
	}
	return true
}
