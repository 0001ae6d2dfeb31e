package model

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Parameter is one tensor of a checkpoint under its Hugging Face name.
type Parameter struct {
	Name  string
	Shape []int
	kind  paramKind
}

// GraphShape is the shape of the float32 node that stands for the parameter.
func (p Parameter) GraphShape() shapes.Shape { return shapes.Make(dtypes.Float32, p.Shape...) }

// Linear reports whether the parameter is the matrix of a linear layer (not an embedding, norm or bias).
func (p Parameter) Linear() bool { return p.kind == linearWeight }

// Decays reports whether weight decay applies: matrices, not norms and biases.
func (p Parameter) Decays() bool { return p.kind == linearWeight || p.kind == embedWeight }

type paramKind int

const (
	linearWeight paramKind = iota
	embedWeight
	normWeight
	biasVector
)

// EmbedModule is the path of the embedding in all families.
const EmbedModule = "model.embed_tokens"

// embedName and headName are the same in all families.
const (
	embedName = "model.embed_tokens.weight"
	headName  = "lm_head.weight"
	normName  = "model.norm.weight"
)

// Linear is one projection: y = W x (+ bias), W [Out, In].
type Linear struct {
	Module  string // "model.layers.0.self_attn.q_proj"
	Out, In int
	Bias    bool
	// Parts are the widths of what a fused projection holds, in order (q, k, v or gate, up); nil = one.
	Parts []int
}

// Linears lists the projections of all layers in the order they run; the head is lm_head, absent when tied.
func (m *Model) Linears() []Linear {
	var all []Linear
	for i := range m.Config.Layers {
		all = append(all, m.attnLinears(i)...)
		all = append(all, m.mlpLinears(i)...)
	}
	if !m.Config.Tied {
		all = append(all, m.head())
	}
	return all
}

func (m *Model) head() Linear {
	return Linear{Module: "lm_head", Out: m.Config.Vocab, In: m.Config.Hidden}
}

func layerName(layer int, rest string) string { return fmt.Sprintf("model.layers.%d.%s", layer, rest) }

func (m *Model) attnLinears(layer int) []Linear {
	c := m.Config
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	out := Linear{Module: layerName(layer, "self_attn.o_proj"), Out: c.Hidden, In: q, Bias: c.OutBias}
	if c.FusedQKV {
		return []Linear{{Module: layerName(layer, "self_attn.qkv_proj"), Out: q + 2*kv, In: c.Hidden, Bias: c.QKVBias, Parts: []int{q, kv, kv}}, out}
	}
	return []Linear{
		{Module: layerName(layer, "self_attn.q_proj"), Out: q, In: c.Hidden, Bias: c.QKVBias},
		{Module: layerName(layer, "self_attn.k_proj"), Out: kv, In: c.Hidden, Bias: c.QKVBias},
		{Module: layerName(layer, "self_attn.v_proj"), Out: kv, In: c.Hidden, Bias: c.QKVBias},
		out,
	}
}

func (m *Model) mlpLinears(layer int) []Linear {
	c := m.Config
	if !c.Layers[layer].MoE {
		return mlp(layerName(layer, "mlp"), c.Hidden, c.FFN, c.MLPBias, c.FusedGateUp)
	}
	all := []Linear{{Module: layerName(layer, "mlp.gate"), Out: c.MoE.Experts, In: c.Hidden}}
	for e := range c.MoE.Experts {
		all = append(all, mlp(layerName(layer, fmt.Sprintf("mlp.experts.%d", e)), c.Hidden, c.MoE.FFN, false, false)...)
	}
	return all
}

// mlp lists gate and up (or both fused) and down of one feed-forward network.
func mlp(prefix string, hidden, ffn int, bias, fused bool) []Linear {
	down := Linear{Module: prefix + ".down_proj", Out: hidden, In: ffn, Bias: bias}
	if fused {
		return []Linear{{Module: prefix + ".gate_up_proj", Out: 2 * ffn, In: hidden, Bias: bias, Parts: []int{ffn, ffn}}, down}
	}
	return []Linear{
		{Module: prefix + ".gate_proj", Out: ffn, In: hidden, Bias: bias},
		{Module: prefix + ".up_proj", Out: ffn, In: hidden, Bias: bias},
		down,
	}
}

// Parameters lists exactly the tensors that a checkpoint of the model holds, in the order of the network.
func (m *Model) Parameters() []Parameter {
	c := m.Config
	all := []Parameter{{Name: embedName, Shape: []int{c.Vocab, c.Hidden}, kind: embedWeight}}
	for i := range c.Layers {
		n := c.Norms
		all = append(all, m.norms(i, n.PreAttn)...)
		all = append(all, linearParams(m.attnLinears(i))...)
		all = append(all, m.qkNorms(i)...)
		all = append(all, m.norms(i, n.PostAttn, n.PreMLP)...)
		all = append(all, linearParams(m.mlpLinears(i))...)
		all = append(all, m.norms(i, n.PostMLP)...)
	}
	all = append(all, Parameter{Name: normName, Shape: []int{c.Hidden}, kind: normWeight})
	if !c.Tied {
		all = append(all, linearParams([]Linear{m.head()})...)
	}
	return all
}

func linearParams(linears []Linear) []Parameter {
	var all []Parameter
	for _, l := range linears {
		all = append(all, Parameter{Name: l.Module + ".weight", Shape: []int{l.Out, l.In}})
		if l.Bias {
			all = append(all, Parameter{Name: l.Module + ".bias", Shape: []int{l.Out}, kind: biasVector})
		}
	}
	return all
}

func (m *Model) norms(layer int, names ...string) []Parameter {
	var all []Parameter
	for _, name := range names {
		if name != "" {
			all = append(all, Parameter{Name: layerName(layer, name+".weight"), Shape: []int{m.Config.Hidden}, kind: normWeight})
		}
	}
	return all
}

func (m *Model) qkNorms(layer int) []Parameter {
	c := m.Config
	q, k := c.HeadDim, c.HeadDim
	switch c.QKNorm {
	case NoQKNorm:
		return nil
	case FullQKNorm:
		q, k = c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	}
	return []Parameter{
		{Name: layerName(layer, "self_attn.q_norm.weight"), Shape: []int{q}, kind: normWeight},
		{Name: layerName(layer, "self_attn.k_norm.weight"), Shape: []int{k}, kind: normWeight},
	}
}

// Names are the parameters' names, sorted.
func (m *Model) Names() []string {
	var names []string
	for _, p := range m.Parameters() {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}
