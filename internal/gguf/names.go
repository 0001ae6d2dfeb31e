package gguf

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"fettle/internal/model"
)

// arch is a family as llama.cpp knows it.
type arch struct {
	name    string
	permute bool // it rotates neighbours: rows of q and k change places (ROPE_TYPE_NORM)
	biases  bool // it loads biases of attention and feed-forward where a file has them
	windows bool // it attends within windows
	experts bool // all its layers choose among experts
}

// archs are the families of both programs. Mistral is a llama to llama.cpp, which never slides a llama's window.
var archs = map[string]arch{
	"llama": {name: "llama", permute: true, biases: true}, "mistral": {name: "llama", permute: true, biases: true},
	"qwen2": {name: "qwen2", biases: true}, "qwen3": {name: "qwen3"}, "gemma2": {name: "gemma2", windows: true},
	"gemma3_text": {name: "gemma3", windows: true}, "phi3": {name: "phi3"}, "smollm3": {name: "smollm3", permute: true},
	"olmo2": {name: "olmo2"}, "glm4": {name: "glm4", biases: true}, "qwen3_moe": {name: "qwen3moe", experts: true},
}

// Place says where a parameter of the decoder lies in a file, and how its values change on the way.
type Place struct {
	HF    string // "model.layers.0.self_attn.q_proj.weight"
	Name  string // "blk.0.attn_q.weight"
	Shape []int
	heads int  // > 0: the rows of so many heads are permuted
	plus1 bool // 1 is added (Gemma's norms multiply by 1 + weight)
	// Of experts: a file has one tensor [experts, out, in] of all of a layer's.
	expert, experts int
}

// Places lists where each parameter of a decoder goes, in the order of the network.
func Places(m *model.Model) ([]Place, error) {
	a, ok := archs[m.Config.ModelType]
	if !ok {
		return nil, fmt.Errorf("gguf: model_type %s: not written, only %s", m.Config.ModelType, strings.Join(Families(), ", "))
	}
	var all []Place
	for _, p := range m.Parameters() {
		place := Place{HF: p.Name, Shape: p.Shape, plus1: m.Config.NormPlusOne && strings.HasSuffix(p.Name, "norm.weight")}
		name := p.Name
		if i := expertNumber.FindStringSubmatchIndex(name); i != nil {
			place.experts = m.Config.MoE.Experts
			place.expert, _ = strconv.Atoi(name[i[2]:i[3]]) // digits
			name = name[:i[2]] + name[i[3]+1:]
		}
		var err error
		if place.Name, err = fileName(m.Config.Norms, name); err != nil {
			return nil, err
		}
		if a.permute {
			place.heads = permuted(m.Config, p.Name)
		}
		all = append(all, place)
	}
	return all, nil
}

var expertNumber = regexp.MustCompile(`\.mlp\.experts\.(\d+)\.`)

// permuted is the number of heads of a q or k projection, weight or bias; 0 for all else.
func permuted(c *model.Config, name string) int {
	switch {
	case strings.Contains(name, ".q_proj."):
		return c.Heads
	case strings.Contains(name, ".k_proj."):
		return c.KVHeads
	}
	return 0
}

// Families are the model_types that can be written.
func Families() []string {
	var names []string
	for _, name := range model.Families() {
		if _, ok := archs[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

var topNames = map[string]string{
	"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
}

var partNames = map[string]string{
	"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
	"self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
	"mlp.gate": "ffn_gate_inp", "mlp.experts.gate_proj": "ffn_gate_exps", "mlp.experts.up_proj": "ffn_up_exps", "mlp.experts.down_proj": "ffn_down_exps",
	"mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
}

// fileName translates a Hugging Face name. Norms are named by their place in the layer, as families reuse the same words.
func fileName(norms model.NormNames, name string) (string, error) {
	if to, ok := topNames[name]; ok {
		return to, nil
	}
	parts := strings.SplitN(name, ".", 4) // model.layers.<i>.<rest>
	if len(parts) != 4 {
		return "", fmt.Errorf("gguf: parameter %s has no name in llama.cpp", name)
	}
	dot := strings.LastIndex(parts[3], ".")
	part, kind := parts[3][:dot], parts[3][dot:]
	to := partNames[part]
	switch part {
	case norms.PreAttn:
		to = "attn_norm"
	case norms.PostAttn:
		to = "post_attention_norm"
	case norms.PreMLP:
		to = "ffn_norm"
	case norms.PostMLP:
		to = "post_ffw_norm"
	}
	if to == "" {
		return "", fmt.Errorf("gguf: parameter %s has no name in llama.cpp", name)
	}
	return "blk." + parts[2] + "." + to + kind, nil
}

// Module is the name in a file of the projection that an adapter changes ("model.layers.0.self_attn.q_proj").
func Module(m *model.Model, module string) (string, error) {
	name, err := fileName(m.Config.Norms, module+".weight")
	return strings.TrimSuffix(name, ".weight"), err
}

// Type is how a file whose matrices are t stores the parameter: vectors and what chooses experts stay f32; the embedding and the head, which every
// token passes, keep 8 bits where t has fewer; rows that are no whole blocks are f16, as llama.cpp's converter does.
func (p Place) Type(t Type) Type {
	if len(p.Shape) < 2 || strings.HasSuffix(p.Name, ".ffn_gate_inp.weight") {
		return F32
	}
	if (p.Name == "token_embd.weight" || p.Name == "output.weight") && t.Quantised() {
		t = Q8_0
	}
	if !t.Fits(p.Shape[len(p.Shape)-1]) {
		return F16
	}
	return t
}

// ToFile gives the values that a file holds, FromFile those of the checkpoint. Both leave their argument alone.
func (p Place) ToFile(values []float32) []float32 {
	if p.heads > 0 {
		values = permute(values, p.heads, p.width(), false)
	}
	return p.add(values, 1)
}

// FromFile is the way back.
func (p Place) FromFile(values []float32) []float32 {
	if p.heads > 0 {
		values = permute(values, p.heads, p.width(), true)
	}
	return p.add(values, -1)
}

func (p Place) add(values []float32, by float32) []float32 {
	if !p.plus1 {
		return values
	}
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = v + by
	}
	return out
}

// width is how many values a row has: 1 for a bias.
func (p Place) width() int {
	if len(p.Shape) == 2 {
		return p.Shape[1]
	}
	return 1
}

// permute moves rows from [head, half, dim/2], where rotation pairs i with i + dim/2, to [head, dim/2, half], where it pairs
// neighbours; back undoes it.
func permute(values []float32, heads, width int, back bool) []float32 {
	out := make([]float32, len(values))
	dim := len(values) / width / heads
	for h := range heads {
		for i := range dim {
			from, to := h*dim+i, h*dim+i%(dim/2)*2+i/(dim/2)
			if back {
				from, to = to, from
			}
			copy(out[to*width:(to+1)*width], values[from*width:(from+1)*width])
		}
	}
	return out
}
